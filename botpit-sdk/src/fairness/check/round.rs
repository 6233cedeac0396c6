//! One round under check, and what the games' checks share.

use std::fmt::Display;

use super::super::evidence::{MatchEvidence, RoundEvidence};
use super::super::fields::{Fields, Kept, brief};
use super::super::finding::{Note, Violation};
use super::super::report::Verdict;
use super::formula::Fits;
use crate::model::{AgentId, Side};

/// A round under check.
#[derive(Debug)]
pub(super) struct Round<'e> {
    pub(super) seen: &'e RoundEvidence,
    pub(super) state: Fields<'e>,
    pub(super) result: Fields<'e>,
    pub(super) winner: ToldWinner,
    /// The seed, where it is proven to be the committed one, or nothing speaks against it.
    pub(super) seed: Option<&'e str>,
    /// The side of who has seen it.
    pub(super) side: Option<Side>,
    pub(super) basis: Basis,
    pub(super) violations: Vec<Violation>,
    pub(super) notes: Vec<Note>,
    sent: [Fields<'e>; 2],
    has_moved: [Option<bool>; 2],
}

/// Who won the round, by the server's word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ToldWinner {
    NotTold,
    Nobody,
    Side(Side),
    /// Neither agent, or one that cannot be told apart.
    Other,
}

/// Who must have won by the rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expected {
    Exactly(Option<Side>),
    Not(Side),
    Unknown,
}

/// What the verdict of a round without violations rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Basis {
    /// Everything that chance decided was derived and compared.
    Derived,
    /// It is, when one reading of the game's formulas fits the whole match.
    Formulas,
    /// Not everything could be derived.
    Open,
}

impl<'e> Round<'e> {
    /// `tells_moves`: whether what was seen has the reader's own moves at all.
    pub(super) fn new(
        evidence: &'e MatchEvidence,
        seen: &'e RoundEvidence,
        seed: Option<&'e str>,
        tells_moves: bool,
    ) -> Self {
        fn text(raw: Option<&Kept>) -> Option<&str> {
            raw.map(Kept::as_str)
        }
        let result = Fields::of_option(text(seen.result.as_ref()));
        let has_moved = [Side::A, Side::B].map(|side| {
            let knows = evidence.all_moves_known
                || (tells_moves && evidence.side == Some(side) && seen.state.is_some());
            match seen.sent(side) {
                Some(_) => Some(true),
                None if knows => Some(false),
                None => None,
            }
        });
        let mut round = Self {
            seen,
            state: Fields::of_option(text(seen.state.as_ref())),
            winner: ToldWinner::NotTold,
            result,
            seed,
            side: evidence.side,
            basis: Basis::Open,
            violations: Vec::new(),
            notes: Vec::new(),
            sent: [&seen.move_a, &seen.move_b].map(|sent| Fields::of_option(text(sent.as_ref()))),
            has_moved,
        };
        if seen.result.is_some() {
            round.winner = round.told_winner(evidence);
        }
        round
    }

    fn told_winner(&mut self, evidence: &MatchEvidence) -> ToldWinner {
        if !self.result.has("round_winner") {
            return ToldWinner::Nobody;
        }
        let Some(id) = self.result.text("round_winner") else { return ToldWinner::Other };
        let id = AgentId::from(id.into_owned());
        match side_of(evidence, &id) {
            Some(side) => ToldWinner::Side(side),
            None => {
                if [Side::A, Side::B].iter().all(|side| evidence.agent(*side).is_some()) {
                    self.violations.push(Violation::UnknownWinner { told: brief(&id).into() });
                }
                ToldWinner::Other
            }
        }
    }

    pub(super) const fn number(&self) -> u32 {
        self.seen.round
    }

    pub(super) fn violation(&mut self, violation: Violation) {
        self.violations.push(violation);
    }

    pub(super) fn note(&mut self, note: Note) {
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// A value that the seed determines.
    pub(super) fn derived<T: PartialEq + Display>(&mut self, field: &'static str, told: &T, derived: &T) {
        if told != derived {
            let (told, derived) = (brief(told), brief(derived));
            self.violation(Violation::DerivedDiffers { field, told, derived });
        }
    }

    /// A value that follows from others; nothing where it is not told.
    pub(super) fn follows<T: PartialEq + Display>(
        &mut self,
        field: &'static str,
        told: Option<T>,
        follows: Option<T>,
    ) {
        if let (Some(told), Some(follows)) = (told, follows)
            && told != follows
        {
            let (told, follows) = (brief(&told), brief(&follows));
            self.violation(Violation::Contradiction { field, told, follows });
        }
    }

    /// A value that the rules bound.
    pub(super) fn within<T: PartialOrd + Display>(
        &mut self,
        field: &'static str,
        told: Option<T>,
        (least, most): (T, T),
        allowed: &'static str,
    ) {
        if let Some(told) = told
            && !(told >= least && told <= most)
        {
            self.violation(Violation::OutOfRange { field, told: told.to_string(), allowed });
        }
    }

    /// A whole number of each side's, out of the result.
    pub(super) fn both(&self, fields: [&'static str; 2]) -> [Option<i64>; 2] {
        fields.map(|field| self.result.int(field))
    }

    /// The moves as the result tells them, laid beside what was sent. `read` takes a move out of a field of an object.
    pub(super) fn echoed<T: Clone + Display>(
        &mut self,
        echoes: [&'static str; 2],
        sent_as: &'static str,
        read: impl for<'f> Fn(&Fields<'f>, &'static str) -> Option<T>,
        same: impl Fn(&T, &T) -> bool,
    ) -> [Option<T>; 2] {
        let [a, b] = echoes;
        [(Side::A, a), (Side::B, b)].map(|(side, echo)| {
            let told = read(&self.result, echo);
            let sent = read(side.pick(&self.sent[0], &self.sent[1]), sent_as);
            self.moved(side, echo);
            match (&told, &sent) {
                (Some(told), Some(sent)) if !same(told, sent) => {
                    let (sent, told) = (brief(sent), brief(told));
                    self.violation(Violation::MoveAltered { side, sent, told });
                }
                _ => {}
            }
            told
        })
    }

    /// Takes in what the result says of a side's having moved.
    fn moved(&mut self, side: Side, echo: &'static str) {
        if self.seen.result.is_none() {
            return;
        }
        let is_null = self.result.raw(echo).is_some_and(|raw| raw == "null");
        let has_moved = side_mut(&mut self.has_moved, side);
        if is_null {
            *has_moved = Some(false);
        } else if *has_moved == Some(false) && self.result.has(echo) {
            self.note(Note::MoveNotSent { side });
        }
    }

    /// The moves as sent, for what the result does not echo.
    pub(super) fn sent<T>(
        &self,
        side: Side,
        field: &'static str,
        read: impl for<'f> Fn(&Fields<'f>, &'static str) -> Option<T>,
    ) -> Option<T> {
        read(side.pick(&self.sent[0], &self.sent[1]), field)
    }

    /// Whether both sides have moved, as far as is known. Otherwise the round is not for the rules to decide.
    pub(super) fn is_contested(&mut self) -> bool {
        let late: Vec<Side> = [Side::A, Side::B]
            .into_iter()
            .filter(|side| side.pick(self.has_moved[0], self.has_moved[1]) == Some(false))
            .collect();
        for side in &late {
            self.note(Note::NoMove { side: *side });
        }
        late.is_empty()
    }

    /// Lays the told winner beside the rules. `false` where that was not possible.
    pub(super) fn won_by(&mut self, expected: Expected) -> bool {
        if self.seen.result.is_none() || !self.is_contested() {
            return false;
        }
        let told = match self.winner {
            ToldWinner::NotTold | ToldWinner::Other => return false,
            ToldWinner::Nobody => None,
            ToldWinner::Side(side) => Some(side),
        };
        match expected {
            Expected::Exactly(by_rules) => {
                if told != by_rules {
                    self.violation(Violation::WrongRoundWinner { told, by_rules });
                }
                true
            }
            Expected::Not(side) => {
                if told == Some(side) {
                    self.violation(Violation::WrongRoundWinner { told, by_rules: None });
                }
                false
            }
            Expected::Unknown => false,
        }
    }

    /// The round's number, verdict and notes.
    pub(super) fn end(self, fits: Fits) -> (u32, Verdict, Vec<Note>) {
        let Self { seen, state, result, sent: [a, b], basis, violations, mut notes, .. } = self;
        let unreadable = [state, result, a, b].into_iter().flat_map(Fields::unreadable);
        let mut is_whole = true;
        for field in unreadable {
            is_whole = false;
            let note = Note::Unreadable { field };
            if !notes.contains(&note) {
                notes.push(note);
            }
        }
        let is_derived = match basis {
            Basis::Derived => true,
            Basis::Formulas => fits.all,
            Basis::Open => false,
        };
        let verdict = if !violations.is_empty() {
            Verdict::Violated { why: violations }
        } else if is_derived && is_whole {
            Verdict::Verified
        } else {
            Verdict::Consistent
        };
        (seen.round, verdict, notes)
    }
}

fn side_mut<T>([a, b]: &mut [T; 2], side: Side) -> &mut T {
    match side {
        Side::A => a,
        Side::B => b,
    }
}

/// The side of an agent, also where only one of the two is known by its id.
pub(super) fn side_of(evidence: &MatchEvidence, id: &AgentId) -> Option<Side> {
    match [Side::A, Side::B].map(|side| evidence.agent(side)) {
        [Some(a), _] if a == id => Some(Side::A),
        [_, Some(b)] if b == id => Some(Side::B),
        [Some(_), None] => Some(Side::B),
        [None, Some(_)] => Some(Side::A),
        _ => None,
    }
}

/// Who has more wins.
pub(super) fn more<T: PartialOrd>(a: Option<T>, b: Option<T>) -> Expected {
    match (a, b) {
        (Some(a), Some(b)) if a > b => Expected::Exactly(Some(Side::A)),
        (Some(a), Some(b)) if b > a => Expected::Exactly(Some(Side::B)),
        (Some(_), Some(_)) => Expected::Exactly(None),
        _ => Expected::Unknown,
    }
}

/// Who is right alone wins. Where only one side is known, the other's winning may still be ruled out.
pub(super) fn right_alone(a: Option<bool>, b: Option<bool>) -> Expected {
    match (a, b) {
        (Some(a), Some(b)) => more(Some(a), Some(b)),
        (Some(true), None) => Expected::Not(Side::B),
        (Some(false), None) => Expected::Not(Side::A),
        (None, Some(true)) => Expected::Not(Side::A),
        (None, Some(false)) => Expected::Not(Side::B),
        (None, None) => Expected::Unknown,
    }
}

/// A word, whatever its case. Some servers tell a move as the object that was sent: its `choice` or `guess` is the word.
pub(super) fn word(fields: &Fields<'_>, name: &'static str) -> Option<String> {
    if let Some(raw) = fields.raw(name).filter(|raw| raw.starts_with('{')) {
        let inner = Fields::of(raw);
        return inner.text("choice").or_else(|| inner.text("guess")).map(|word| word.to_ascii_lowercase());
    }
    fields.text(name).map(|word| word.to_ascii_lowercase())
}
