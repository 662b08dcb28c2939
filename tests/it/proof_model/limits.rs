//! What the protocol assumes, and what happens where that does not hold.

use super::protocol::{Rules, Troubles, Violation, Whose};
use super::search::explore;
use super::{LITTLE, breaks, holds};

#[test]
fn a_list_that_is_incomplete_twice_in_a_row_deceives_the_protocol() {
    let troubles = Troubles { faults: 1, hiccups: 2, ..Troubles::NONE };
    insta::assert_snapshot!(breaks(Rules::IMPLEMENTED, troubles, Violation::Twice), @r"
    Twice after 19 steps
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
     11. -         a tick passes
     12. storyd    looks for A in a list that should hold more than it does
     13. storyd    counts an absence of A
     14. storyd    looks for A in a list that should hold more than it does
     15. storyd    takes A for absent: it is scheduled again
     16. storyd    claims A
     17. storyd    commits the intent of A
     18. storyd    sends the request of A
     19. Kakao     makes the story of A
    ");
}

#[test]
fn a_machine_that_sleeps_twice_during_one_request_deceives_the_protocol() {
    let troubles = Troubles { sleeps: 2, ..Troubles::NONE };
    insta::assert_snapshot!(breaks(Rules::IMPLEMENTED, troubles, Violation::Twice), @r"
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
}

#[test]
fn a_clock_set_forward_during_the_quarantine_deceives_the_protocol() {
    let troubles = Troubles { faults: 1, set_forward: 1, ..Troubles::NONE };
    insta::assert_snapshot!(breaks(Rules::IMPLEMENTED, troubles, Violation::Twice), @r"
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
}

#[test]
fn a_clock_set_back_after_the_intent_deceives_the_protocol() {
    let troubles = Troubles { faults: 1, set_back: 1, ..Troubles::NONE };
    insta::assert_snapshot!(breaks(Rules::IMPLEMENTED, troubles, Violation::Twice), @r"
    Twice after 20 steps
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
     12. -         a tick passes
     13. storyd    reads the list, looking for A
     14. storyd    counts an absence of A
     15. storyd    reads the list, looking for A
     16. storyd    takes A for absent: it is scheduled again
     17. storyd    claims A
     18. storyd    commits the intent of A
     19. storyd    sends the request of A
     20. Kakao     makes the story of A
    ");
}

#[test]
fn measured_on_kakaos_clock_neither_would() {
    let rules = Rules { clock: Whose::Kakaos, ..Rules::IMPLEMENTED };
    holds(&rules, Troubles { faults: 1, set_forward: 1, set_back: 1, ..Troubles::NONE });
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
