//! Math duel: the problem's formula is not told, but what follows from the problem is.

use super::super::fields::Fields;
use super::super::finding::Note;
use super::round::{Round, right_alone};
use crate::games::math_duel::evaluate;

pub(super) fn check(round: &mut Round<'_>) {
    let answers = round.echoed(
        ["answer_a", "answer_b"],
        "answer",
        |fields: &Fields<'_>, name| fields.int(name),
        |told, sent| told == sent,
    );
    let shown = round.state.text("expression").map(|text| text.into_owned());
    let again = round.result.text("expression").map(|text| text.into_owned());
    let expression = again.clone().or_else(|| shown.clone());
    round.follows("expression", again, shown);

    let told = round.result.int("correct_answer");
    let value = expression.and_then(|expression| match evaluate(&expression) {
        Ok(value) => Some(value),
        Err(_) => {
            round.note(Note::NoExactValue);
            None
        }
    });
    round.follows("correct_answer", told.map(i128::from), value);

    let correct = value.or(told.map(i128::from));
    let [a, b] = answers.map(|answer| Some(i128::from(answer?) == correct?));
    for (field, follows) in [("a_correct", a), ("b_correct", b)] {
        let flag = round.result.flag(field);
        round.follows(field, flag, follows);
    }
    round.won_by(right_alone(a, b));
}
