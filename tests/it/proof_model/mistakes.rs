//! Each rule of the protocol left out once: the search must find what breaks.

use super::protocol::{Guard, QUARANTINE, Rules, Troubles, Violation, Whose};
use super::{LITTLE, breaks, holds};

#[test]
fn without_an_intent_a_crash_after_the_request_makes_a_second_story() {
    let rules = Rules { intent: false, ..Rules::IMPLEMENTED };
    insta::assert_snapshot!(breaks(rules, Troubles { kills: 1, ..Troubles::NONE }, Violation::Twice), @r"
    Twice after 8 steps
      1. storyd    claims A
      2. storyd    sends the request of A
      3. Kakao     makes the story of A
      4. -         kill -9
      5. storyd    starts, and sweeps
      6. storyd    claims A
      7. storyd    sends the request of A
      8. Kakao     makes the story of A
    ");
}

#[test]
fn an_intent_that_the_start_takes_for_not_sent_makes_a_second_story() {
    let rules = Rules { boot_doubts: false, ..Rules::IMPLEMENTED };
    insta::assert_snapshot!(breaks(rules, LITTLE, Violation::Twice), @r"
    Twice after 10 steps
      1. storyd    claims A
      2. storyd    commits the intent of A
      3. storyd    sends the request of A
      4. Kakao     makes the story of A
      5. -         kill -9
      6. storyd    starts, and sweeps
      7. storyd    claims A
      8. storyd    commits the intent of A
      9. storyd    sends the request of A
     10. Kakao     makes the story of A
    ");
}

#[test]
fn an_intent_whose_lease_ended_and_that_is_taken_for_not_sent_makes_a_second_story() {
    let rules = Rules { lease_doubts: false, ..Rules::IMPLEMENTED };
    let troubles = Troubles { panics: 1, sleeps: 1, ..Troubles::NONE };
    insta::assert_snapshot!(breaks(rules, troubles, Violation::Twice), @r"
    Twice after 11 steps
      1. storyd    claims A
      2. storyd    commits the intent of A
      3. -         the machine sleeps for hours
      4. storyd    sends the request of A
      5. Kakao     makes the story of A
      6. -         the task that publishes A dies
      7. storyd    sweeps A, whose lease ended
      8. storyd    claims A
      9. storyd    commits the intent of A
     10. storyd    sends the request of A
     11. Kakao     makes the story of A
    ");
}

#[test]
fn a_plain_retry_on_a_time_out_or_a_lost_answer_makes_a_second_story() {
    let rules = Rules { unclear_doubts: false, ..Rules::IMPLEMENTED };
    insta::assert_snapshot!(breaks(rules, LITTLE, Violation::Twice), @r"
    Twice after 10 steps
      1. storyd    claims A
      2. storyd    commits the intent of A
      3. storyd    sends the request of A
      4. Kakao     makes the story of A
      5. Kakao     answers A, and the answer is lost
      6. storyd    schedules A again, as if nothing had been sent
      7. storyd    claims A
      8. storyd    commits the intent of A
      9. storyd    sends the request of A
     10. Kakao     makes the story of A
    ");
}

#[test]
fn without_a_quarantine_a_list_that_lags_makes_a_second_story() {
    let rules = Rules { quarantine: 0, ..Rules::IMPLEMENTED };
    insta::assert_snapshot!(breaks(rules, LITTLE, Violation::Twice), @r"
    Twice after 14 steps
      1. storyd    claims A
      2. storyd    commits the intent of A
      3. storyd    sends the request of A
      4. Kakao     makes the story of A
      5. Kakao     answers A, and the answer is lost
      6. storyd    records A as in doubt
      7. storyd    reads the list, looking for A
      8. storyd    counts an absence of A
      9. storyd    reads the list, looking for A
     10. storyd    takes A for absent: it is scheduled again
     11. storyd    claims A
     12. storyd    commits the intent of A
     13. storyd    sends the request of A
     14. Kakao     makes the story of A
    ");
}

#[test]
fn a_quarantine_shorter_than_processing_and_lag_makes_a_second_story() {
    let rules = Rules { quarantine: QUARANTINE - 1, ..Rules::IMPLEMENTED };
    insta::assert_snapshot!(breaks(rules, LITTLE, Violation::Twice), @r"
    Twice after 16 steps
      1. storyd    claims A
      2. storyd    commits the intent of A
      3. storyd    sends the request of A
      4. storyd    hears nothing plain of A, whose request is still under way
      5. storyd    records A as in doubt
      6. -         a tick passes
      7. Kakao     makes the story of A
      8. -         a tick passes
      9. storyd    reads the list, looking for A
     10. storyd    counts an absence of A
     11. storyd    reads the list, looking for A
     12. storyd    takes A for absent: it is scheduled again
     13. storyd    claims A
     14. storyd    commits the intent of A
     15. storyd    sends the request of A
     16. Kakao     makes the story of A
    ");
}

#[test]
fn a_sweep_that_takes_a_sleeping_machines_task_for_dead_makes_a_second_story() {
    let rules = Rules { spares_the_living: false, ..Rules::IMPLEMENTED };
    let troubles = Troubles { faults: 1, sleeps: 2, ..Troubles::NONE };
    insta::assert_snapshot!(breaks(rules, troubles, Violation::Twice), @r"
    Twice after 17 steps
      1. storyd    claims A
      2. storyd    commits the intent of A
      3. -         the machine sleeps for hours
      4. storyd    sweeps A, whose lease ended
      5. -         the machine sleeps for hours
      6. storyd    sends the request of A
      7. storyd    reads the list, looking for A
      8. storyd    counts an absence of A
      9. storyd    reads the list, looking for A
     10. storyd    takes A for absent: it is scheduled again
     11. Kakao     makes the story of A
     12. Kakao     answers A with the story
     13. storyd    sees that somebody moved A first, and records nothing
     14. storyd    claims A
     15. storyd    commits the intent of A
     16. storyd    sends the request of A
     17. Kakao     makes the story of A
    ");
    holds(&Rules::IMPLEMENTED, troubles);
}

#[test]
fn a_quarantine_by_our_clock_alone_makes_a_second_story_when_it_is_set_forward() {
    let rules = Rules { quarantine_by: Whose::Ours, ..Rules::IMPLEMENTED };
    let troubles = Troubles { faults: 1, set_forward: 1, ..Troubles::NONE };
    insta::assert_snapshot!(breaks(rules, troubles, Violation::Twice), @r"
    Twice after 15 steps
      1. storyd    claims A
      2. storyd    commits the intent of A
      3. storyd    sends the request of A
      4. Kakao     makes the story of A
      5. Kakao     answers A, and the answer is lost
      6. storyd    records A as in doubt
      7. -         our clock is set forward by hours
      8. storyd    reads the list, looking for A
      9. storyd    counts an absence of A
     10. storyd    reads the list, looking for A
     11. storyd    takes A for absent: it is scheduled again
     12. storyd    claims A
     13. storyd    commits the intent of A
     14. storyd    sends the request of A
     15. Kakao     makes the story of A
    ");
    holds(&Rules::IMPLEMENTED, troubles);
}

#[test]
fn a_quarantine_by_kakaos_clock_alone_makes_a_second_story_when_that_jumps() {
    let rules = Rules { quarantine_by: Whose::Kakaos, ..Rules::IMPLEMENTED };
    let troubles = Troubles { faults: 1, kakaos_set_forward: 1, ..Troubles::NONE };
    insta::assert_snapshot!(breaks(rules, troubles, Violation::Twice), @r"
    Twice after 15 steps
      1. storyd    claims A
      2. storyd    commits the intent of A
      3. storyd    sends the request of A
      4. Kakao     makes the story of A
      5. Kakao     answers A, and the answer is lost
      6. storyd    records A as in doubt
      7. -         the clock of Kakao's answers is set forward by hours
      8. storyd    reads the list, looking for A
      9. storyd    counts an absence of A
     10. storyd    reads the list, looking for A
     11. storyd    takes A for absent: it is scheduled again
     12. storyd    claims A
     13. storyd    commits the intent of A
     14. storyd    sends the request of A
     15. Kakao     makes the story of A
    ");
    holds(&Rules::IMPLEMENTED, troubles);
}

#[test]
fn a_story_that_only_seems_too_old_and_counts_as_an_absence_makes_a_second_one() {
    let rules = Rules { seeming_old_parks: false, ..Rules::IMPLEMENTED };
    let troubles = Troubles { faults: 1, set_back: 1, ..Troubles::NONE };
    insta::assert_snapshot!(breaks(rules, troubles, Violation::Twice), @r"
    Twice after 19 steps
      1. storyd    claims A
      2. storyd    commits the intent of A
      3. storyd    sends the request of A
      4. Kakao     makes the story of A
      5. Kakao     answers A, and the answer is lost
      6. storyd    records A as in doubt
      7. Kakao     lists the story of A
      8. -         our clock is set back by hours
      9. -         a tick passes
     10. -         a tick passes
     11. -         a tick passes
     12. storyd    reads the list, looking for A
     13. storyd    counts an absence of A
     14. storyd    reads the list, looking for A
     15. storyd    takes A for absent: it is scheduled again
     16. storyd    claims A
     17. storyd    commits the intent of A
     18. storyd    sends the request of A
     19. Kakao     makes the story of A
    ");
    holds(&Rules::IMPLEMENTED, troubles);
}

#[test]
fn a_persons_word_that_is_taken_at_once_makes_a_second_story() {
    let rules = Rules { person_waits: false, ..Rules::IMPLEMENTED };
    let troubles = Troubles { faults: 1, commands: 1, ..Troubles::NONE };
    insta::assert_snapshot!(breaks(rules, troubles, Violation::Twice), @r"
    Twice after 11 steps
      1. storyd    claims A
      2. storyd    commits the intent of A
      3. storyd    sends the request of A
      4. Kakao     makes the story of A
      5. Kakao     answers A, and the answer is lost
      6. storyd    records A as in doubt
      7. somebody  resolves A as absent
      8. storyd    claims A
      9. storyd    commits the intent of A
     10. storyd    sends the request of A
     11. Kakao     makes the story of A
    ");
    holds(&Rules::IMPLEMENTED, troubles);
}

#[test]
fn one_listing_instead_of_two_makes_a_second_story_when_a_list_is_incomplete() {
    let rules = Rules { absences: 1, ..Rules::IMPLEMENTED };
    let troubles = Troubles { hiccups: 1, ..LITTLE };
    insta::assert_snapshot!(breaks(rules, troubles, Violation::Twice), @r"
    Twice after 16 steps
      1. storyd    claims A
      2. storyd    commits the intent of A
      3. storyd    sends the request of A
      4. Kakao     makes the story of A
      5. Kakao     answers A, and the answer is lost
      6. storyd    records A as in doubt
      7. Kakao     lists the story of A
      8. -         a tick passes
      9. -         a tick passes
     10. -         a tick passes
     11. storyd    looks for A in a list that should hold more than it does
     12. storyd    takes A for absent: it is scheduled again
     13. storyd    claims A
     14. storyd    commits the intent of A
     15. storyd    sends the request of A
     16. Kakao     makes the story of A
    ");
}

#[test]
fn a_failed_listing_that_counts_as_an_absence_makes_a_second_story() {
    let rules = Rules { failed_says_nothing: false, ..Rules::IMPLEMENTED };
    let troubles = Troubles { failed_lists: 2, ..LITTLE };
    insta::assert_snapshot!(breaks(rules, troubles, Violation::Twice), @r"
    Twice after 18 steps
      1. storyd    claims A
      2. storyd    commits the intent of A
      3. storyd    sends the request of A
      4. Kakao     makes the story of A
      5. Kakao     answers A, and the answer is lost
      6. storyd    records A as in doubt
      7. Kakao     lists the story of A
      8. -         a tick passes
      9. -         a tick passes
     10. -         a tick passes
     11. storyd    looks for A, and the list fails
     12. storyd    counts an absence of A
     13. storyd    looks for A, and the list fails
     14. storyd    takes A for absent: it is scheduled again
     15. storyd    claims A
     16. storyd    commits the intent of A
     17. storyd    sends the request of A
     18. Kakao     makes the story of A
    ");
}

#[test]
fn a_commit_that_a_power_loss_can_take_back_makes_a_second_story() {
    let rules = Rules { full_sync: false, ..Rules::IMPLEMENTED };
    insta::assert_snapshot!(breaks(rules, LITTLE, Violation::Twice), @r"
    Twice after 10 steps
      1. storyd    claims A
      2. storyd    commits the intent of A
      3. storyd    sends the request of A
      4. Kakao     makes the story of A
      5. -         power loss
      6. storyd    starts, and sweeps
      7. storyd    claims A
      8. storyd    commits the intent of A
      9. storyd    sends the request of A
     10. Kakao     makes the story of A
    ");
}

#[test]
fn an_update_by_state_alone_lets_a_late_verdict_make_a_second_story() {
    let rules = Rules { guard: Guard::State, ..Rules::IMPLEMENTED };
    let troubles = Troubles { faults: 2, commands: 1, ..Troubles::NONE };
    insta::assert_snapshot!(breaks(rules, troubles, Violation::Twice), @r"
    Twice after 23 steps
      1. storyd    claims A
      2. storyd    commits the intent of A
      3. storyd    sends the request of A
      4. Kakao     drops the request of A without an answer
      5. storyd    records A as in doubt
      6. -         a tick passes
      7. -         a tick passes
      8. -         a tick passes
      9. storyd    reads the list, looking for A
     10. storyd    counts an absence of A
     11. storyd    reads the list, looking for A
     12. somebody  resolves A as absent
     13. storyd    claims A
     14. storyd    commits the intent of A
     15. storyd    sends the request of A
     16. Kakao     makes the story of A
     17. Kakao     answers A, and the answer is lost
     18. storyd    records A as in doubt
     19. storyd    takes A for absent: it is scheduled again
     20. storyd    claims A
     21. storyd    commits the intent of A
     22. storyd    sends the request of A
     23. Kakao     makes the story of A
    ");
}

#[test]
fn an_update_by_id_alone_lets_a_late_worker_make_a_second_story() {
    let rules = Rules { guard: Guard::Nothing, ..Rules::IMPLEMENTED };
    let troubles = Troubles { faults: 2, commands: 1, ..Troubles::NONE };
    insta::assert_snapshot!(breaks(rules, troubles, Violation::Twice), @r"
    Twice after 23 steps
      1. storyd    claims A
      2. storyd    commits the intent of A
      3. storyd    sends the request of A
      4. Kakao     drops the request of A without an answer
      5. storyd    records A as in doubt
      6. -         a tick passes
      7. -         a tick passes
      8. -         a tick passes
      9. storyd    reads the list, looking for A
     10. storyd    counts an absence of A
     11. storyd    reads the list, looking for A
     12. somebody  resolves A as absent
     13. storyd    claims A
     14. storyd    commits the intent of A
     15. storyd    sends the request of A
     16. Kakao     makes the story of A
     17. Kakao     answers A with the story
     18. storyd    records A as published
     19. storyd    takes A for absent: it is scheduled again
     20. storyd    claims A
     21. storyd    commits the intent of A
     22. storyd    sends the request of A
     23. Kakao     makes the story of A
    ");
}

#[test]
fn two_in_flight_with_the_same_text_make_a_story_too_many() {
    let rules = Rules { one_in_flight: false, ..Rules::IMPLEMENTED };
    let troubles = Troubles { faults: 2, ..Troubles::NONE };
    insta::assert_snapshot!(breaks(rules, troubles, Violation::Surplus), @r"
    Surplus after 26 steps
      1. storyd    claims A
      2. storyd    commits the intent of A
      3. storyd    sends the request of A
      4. Kakao     makes the story of A
      5. Kakao     answers A, and the answer is lost
      6. storyd    records A as in doubt
      7. storyd    claims B
      8. storyd    commits the intent of B
      9. Kakao     lists the story of A
     10. -         a tick passes
     11. storyd    sends the request of B
     12. storyd    hears nothing plain of B, whose request is still under way
     13. storyd    records B as in doubt
     14. storyd    reads the list, looking for B
     15. storyd    finds a story for B, and records it
     16. -         a tick passes
     17. Kakao     makes the story of B
     18. -         a tick passes
     19. storyd    reads the list, looking for A
     20. storyd    counts an absence of A
     21. storyd    reads the list, looking for A
     22. storyd    takes A for absent: it is scheduled again
     23. storyd    claims A
     24. storyd    commits the intent of A
     25. storyd    sends the request of A
     26. Kakao     makes the story of A
    ");
}

#[test]
fn a_post_that_overtakes_a_parked_one_with_the_same_text_takes_its_story() {
    let rules = Rules { waits_for_parked: false, ..Rules::IMPLEMENTED };
    let troubles = Troubles { faults: 2, failed_lists: 1, ..Troubles::NONE };
    insta::assert_snapshot!(breaks(rules, troubles, Violation::Loss), @r"
    Loss after 15 steps
      1. storyd    claims A
      2. storyd    commits the intent of A
      3. storyd    sends the request of A
      4. Kakao     makes the story of A
      5. Kakao     answers A, and the answer is lost
      6. storyd    records A as in doubt
      7. storyd    cannot read the list: A is parked for a person
      8. storyd    claims B
      9. storyd    commits the intent of B
     10. storyd    sends the request of B
     11. Kakao     drops the request of B without an answer
     12. storyd    records B as in doubt
     13. Kakao     lists the story of A
     14. storyd    reads the list, looking for B
     15. storyd    finds a story for B, and records it
    ");
}

#[test]
fn a_story_that_two_posts_may_own_loses_a_post() {
    let rules = Rules { owned_is_no_match: false, ..Rules::IMPLEMENTED };
    insta::assert_snapshot!(breaks(rules, LITTLE, Violation::Loss), @r"
    Loss after 13 steps
      1. storyd    claims A
      2. storyd    commits the intent of A
      3. storyd    sends the request of A
      4. Kakao     makes the story of A
      5. Kakao     answers A with the story
      6. storyd    records A as published
      7. storyd    claims B
      8. storyd    commits the intent of B
      9. Kakao     lists the story of A
     10. -         kill -9
     11. storyd    starts, and sweeps
     12. storyd    reads the list, looking for B
     13. storyd    finds a story for B, and records it
    ");
}

/// The comparison by the exact text, which took a story that is shown otherwise for none.
#[test]
fn an_altered_text_that_counts_as_an_absence_makes_a_second_story() {
    let rules = Rules { nearly_same_parks: false, ..Rules::IMPLEMENTED };
    let troubles = Troubles { faults: 1, list_lies: 2, ..Troubles::NONE };
    insta::assert_snapshot!(breaks(rules, troubles, Violation::Twice), @r"
    Twice after 18 steps
      1. storyd    claims A
      2. storyd    commits the intent of A
      3. storyd    sends the request of A
      4. Kakao     makes the story of A
      5. Kakao     answers A, and the answer is lost
      6. storyd    records A as in doubt
      7. Kakao     lists the story of A
      8. -         a tick passes
      9. -         a tick passes
     10. -         a tick passes
     11. storyd    looks for A in a list that shows the texts otherwise
     12. storyd    counts an absence of A
     13. storyd    looks for A in a list that shows the texts otherwise
     14. storyd    takes A for absent: it is scheduled again
     15. storyd    claims A
     16. storyd    commits the intent of A
     17. storyd    sends the request of A
     18. Kakao     makes the story of A
    ");
    holds(&Rules::IMPLEMENTED, troubles);
}

/// The window that began a minute before the last date heard, however wrong that was.
#[test]
fn a_date_that_is_believed_for_ever_makes_a_second_story() {
    let rules = Rules { times_explain_nothing: false, ..Rules::IMPLEMENTED };
    let troubles = Troubles { faults: 1, dates_ahead: 1, ..Troubles::NONE };
    insta::assert_snapshot!(breaks(rules, troubles, Violation::Twice), @r"
    Twice after 19 steps
      1. storyd    claims A
      2. Kakao     answers with a date that is hours ahead
      3. storyd    commits the intent of A
      4. storyd    sends the request of A
      5. Kakao     makes the story of A
      6. Kakao     answers A, and the answer is lost
      7. storyd    records A as in doubt
      8. Kakao     lists the story of A
      9. -         a tick passes
     10. -         a tick passes
     11. -         a tick passes
     12. storyd    reads the list, looking for A
     13. storyd    counts an absence of A
     14. storyd    reads the list, looking for A
     15. storyd    takes A for absent: it is scheduled again
     16. storyd    claims A
     17. storyd    commits the intent of A
     18. storyd    sends the request of A
     19. Kakao     makes the story of A
    ");
    holds(&Rules::IMPLEMENTED, troubles);
}

/// The same window, when the times of the stories are behind the dates of the answers.
#[test]
fn a_storys_time_that_is_believed_makes_a_second_one() {
    let rules = Rules { times_explain_nothing: false, ..Rules::IMPLEMENTED };
    let troubles = Troubles { faults: 1, list_lies: 2, ..Troubles::NONE };
    insta::assert_snapshot!(breaks(rules, troubles, Violation::Twice), @r"
    Twice after 18 steps
      1. storyd    claims A
      2. storyd    commits the intent of A
      3. storyd    sends the request of A
      4. Kakao     makes the story of A
      5. Kakao     answers A, and the answer is lost
      6. storyd    records A as in doubt
      7. Kakao     lists the story of A
      8. -         a tick passes
      9. -         a tick passes
     10. -         a tick passes
     11. storyd    looks for A in a list that dates the stories long before
     12. storyd    counts an absence of A
     13. storyd    looks for A in a list that dates the stories long before
     14. storyd    takes A for absent: it is scheduled again
     15. storyd    claims A
     16. storyd    commits the intent of A
     17. storyd    sends the request of A
     18. Kakao     makes the story of A
    ");
}

#[test]
fn a_list_that_contradicts_itself_and_counts_makes_a_second_story() {
    let rules = Rules { flawed_proves_nothing: false, ..Rules::IMPLEMENTED };
    let troubles = Troubles { faults: 1, list_lies: 2, ..Troubles::NONE };
    insta::assert_snapshot!(breaks(rules, troubles, Violation::Twice), @r"
    Twice after 18 steps
      1. storyd    claims A
      2. storyd    commits the intent of A
      3. storyd    sends the request of A
      4. Kakao     makes the story of A
      5. Kakao     answers A, and the answer is lost
      6. storyd    records A as in doubt
      7. Kakao     lists the story of A
      8. -         a tick passes
      9. -         a tick passes
     10. -         a tick passes
     11. storyd    looks for A in a list that contradicts what it showed before
     12. storyd    counts an absence of A
     13. storyd    looks for A in a list that contradicts what it showed before
     14. storyd    takes A for absent: it is scheduled again
     15. storyd    claims A
     16. storyd    commits the intent of A
     17. storyd    sends the request of A
     18. Kakao     makes the story of A
    ");
}

#[test]
fn a_story_of_another_account_that_is_taken_for_the_posts_loses_it() {
    let rules = Rules { own_account_only: false, ..Rules::IMPLEMENTED };
    let troubles = Troubles { faults: 1, list_lies: 1, ..Troubles::NONE };
    insta::assert_snapshot!(breaks(rules, troubles, Violation::Loss), @r"
    Loss after 7 steps
      1. storyd    claims A
      2. storyd    commits the intent of A
      3. storyd    sends the request of A
      4. Kakao     drops the request of A without an answer
      5. storyd    records A as in doubt
      6. storyd    looks for A in a list with the same text of another account
      7. storyd    finds a story for A, and records it
    ");
    holds(&Rules::IMPLEMENTED, troubles);
}

#[test]
fn an_answer_with_another_posts_story_that_is_believed_leaves_a_story_that_nobody_knows() {
    let rules = Rules { owned_answer_doubts: false, ..Rules::IMPLEMENTED };
    let troubles = Troubles { wrong_names: 1, ..Troubles::NONE };
    insta::assert_snapshot!(breaks(rules, troubles, Violation::Orphan), @r"
    Orphan after 14 steps
      1. storyd    claims A
      2. storyd    commits the intent of A
      3. storyd    sends the request of A
      4. Kakao     makes the story of A
      5. Kakao     answers A with the story
      6. storyd    records A as published
      7. storyd    claims B
      8. storyd    commits the intent of B
      9. storyd    sends the request of B
     10. Kakao     makes the story of B
     11. Kakao     answers B with the story of another post
     12. storyd    records B as published
     13. Kakao     lists the story of A
     14. Kakao     lists the story of B
    ");
    holds(&Rules::IMPLEMENTED, troubles);
}

#[test]
fn a_refusal_that_no_list_bears_out_lets_a_post_appear_twice() {
    let rules = Rules { refusals_are_looked_after: false, ..Rules::IMPLEMENTED };
    let troubles = Troubles { false_refusals: 1, ..Troubles::NONE };
    insta::assert_snapshot!(breaks(rules, troubles, Violation::Twice), @r"
    Twice after 10 steps
      1. storyd    claims A
      2. storyd    commits the intent of A
      3. storyd    sends the request of A
      4. Kakao     makes the story of A
      5. Kakao     refuses A, whose story exists
      6. storyd    records the refusal: A is scheduled again
      7. storyd    claims A
      8. storyd    commits the intent of A
      9. storyd    sends the request of A
     10. Kakao     makes the story of A
    ");
    holds(&Rules::IMPLEMENTED, troubles);
}
