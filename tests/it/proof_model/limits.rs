//! What the protocol assumes, and what happens where that does not hold.

use super::protocol::{Rules, Troubles, Violation};
use super::search::explore;
use super::{LITTLE, breaks, holds};

#[test]
fn a_list_that_is_incomplete_twice_in_a_row_deceives_the_protocol() {
    let troubles = Troubles { faults: 1, hiccups: 2, ..Troubles::NONE };
    insta::assert_snapshot!(breaks(Rules::IMPLEMENTED, troubles, Violation::Twice), @r"
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
     11. storyd    looks for A in a list that should hold more than it does
     12. storyd    counts an absence of A
     13. storyd    looks for A in a list that should hold more than it does
     14. storyd    takes A for absent: it is scheduled again
     15. storyd    claims A
     16. storyd    commits the intent of A
     17. storyd    sends the request of A
     18. Kakao     makes the story of A
    ");
}

#[test]
fn a_plain_refusal_of_a_post_whose_story_is_listed_late_deceives_the_protocol() {
    let troubles = Troubles { hidden_refusals: 1, ..Troubles::NONE };
    insta::assert_snapshot!(breaks(Rules::IMPLEMENTED, troubles, Violation::Twice), @r"
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
}

#[test]
fn a_post_that_was_refused_can_lose_its_story_to_a_twin_whose_own_is_listed_late() {
    let troubles = Troubles { false_refusals: 1, faults: 1, ..Troubles::NONE };
    insta::assert_snapshot!(breaks(Rules::IMPLEMENTED, troubles, Violation::Surplus), @r"
    Surplus after 18 steps
      1. storyd    claims A
      2. storyd    commits the intent of A
      3. storyd    sends the request of A
      4. Kakao     makes the story of A
      5. Kakao     refuses A, whose story exists
      6. storyd    records the refusal: A is scheduled again
      7. storyd    claims B
      8. storyd    commits the intent of B
      9. storyd    sends the request of B
     10. Kakao     makes the story of B
     11. Kakao     answers B, and the answer is lost
     12. storyd    records B as in doubt
     13. storyd    reads the list, looking for B
     14. storyd    finds a story for B, and records it
     15. storyd    claims A
     16. storyd    commits the intent of A
     17. storyd    sends the request of A
     18. Kakao     makes the story of A
    ");
}

#[test]
fn two_clocks_that_are_both_set_forward_deceive_the_protocol() {
    let troubles = Troubles { faults: 1, set_forward: 1, kakaos_set_forward: 1, ..Troubles::NONE };
    insta::assert_snapshot!(breaks(Rules::IMPLEMENTED, troubles, Violation::Twice), @r"
    Twice after 16 steps
      1. storyd    claims A
      2. storyd    commits the intent of A
      3. storyd    sends the request of A
      4. Kakao     makes the story of A
      5. Kakao     answers A, and the answer is lost
      6. storyd    records A as in doubt
      7. -         our clock is set forward by hours
      8. -         the clock of Kakao's answers is set forward by hours
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
fn a_clock_that_is_set_forward_lets_a_hasty_person_deceive_the_protocol() {
    let troubles = Troubles { faults: 1, set_forward: 1, commands: 1, ..Troubles::NONE };
    insta::assert_snapshot!(breaks(Rules::IMPLEMENTED, troubles, Violation::Twice), @r"
    Twice after 12 steps
      1. storyd    claims A
      2. storyd    commits the intent of A
      3. storyd    sends the request of A
      4. Kakao     makes the story of A
      5. Kakao     answers A, and the answer is lost
      6. storyd    records A as in doubt
      7. -         our clock is set forward by hours
      8. somebody  resolves A as absent
      9. storyd    claims A
     10. storyd    commits the intent of A
     11. storyd    sends the request of A
     12. Kakao     makes the story of A
    ");
}

#[test]
fn neither_a_clock_that_is_set_nor_a_machine_that_sleeps_does() {
    holds(&Rules::IMPLEMENTED, Troubles { set_forward: 1, set_back: 1, kills: 1, ..LITTLE });
    holds(&Rules::IMPLEMENTED, Troubles { kakaos_set_forward: 1, set_back: 1, ..LITTLE });
    holds(&Rules::IMPLEMENTED, Troubles { sleeps: 2, panics: 1, ..LITTLE });
}

#[test]
fn the_same_text_posted_by_hand_can_be_taken_for_the_post_but_never_leads_to_a_second_one() {
    let troubles = Troubles { by_hand: 1, ..LITTLE };
    insta::assert_snapshot!(breaks(Rules::IMPLEMENTED, troubles, Violation::Loss), @r"
    Loss after 8 steps
      1. storyd    claims A
      2. storyd    commits the intent of A
      3. -         kill -9
      4. storyd    starts, and sweeps
      5. somebody  posts the same text by hand
      6. Kakao     lists the story of somebody
      7. storyd    reads the list, looking for A
      8. storyd    finds a story for A, and records it
    ");
    let never = explore(&Rules::IMPLEMENTED, troubles, &[Violation::Twice, Violation::SentAfterCancel]);
    assert!(never.is_ok_and(|space| space.stuck().is_none()));
}
