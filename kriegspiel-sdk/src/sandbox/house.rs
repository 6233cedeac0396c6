//! The house players: opponents that are always there. They see what any player sees.

use super::referee::Referee;
use crate::model::{Color, PieceKind, PlayAs, Ruleset, Square, UciMove};

/// A house bot.
///
/// | bot | name | how it plays | rulesets |
/// |---|---|---|---|
/// | random | `housebot_random` | any allowed move | all |
/// | random-any | `housebot_random_any` | asks Any? whenever it may, then any allowed move | the three with Any? |
/// | heuristic | `housebot_heuristic` | takes back where it was captured, makes queens, asks Any? now and then, and prefers far moves | all |
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum HouseBot {
    /// Plays any allowed move.
    Random,
    /// Asks Any? whenever it may, then plays any allowed move.
    RandomAny,
    /// Takes back, makes queens, asks Any? now and then.
    Heuristic,
}

impl HouseBot {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Random, Self::RandomAny, Self::Heuristic];

    /// Its name on the platform.
    pub const fn username(self) -> &'static str {
        match self {
            Self::Random => "housebot_random",
            Self::RandomAny => "housebot_random_any",
            Self::Heuristic => "housebot_heuristic",
        }
    }

    pub(super) const fn display_name(self) -> &'static str {
        match self {
            Self::Random => "House Random",
            Self::RandomAny => "House Random Any",
            Self::Heuristic => "House Heuristic",
        }
    }

    pub(super) fn rulesets(self) -> Vec<Ruleset> {
        let asks = |ruleset: &Ruleset| ruleset.surface().is_some_and(|surface| surface.ask_any.is_some());
        match self {
            Self::RandomAny => Ruleset::ALL.into_iter().filter(asks).collect(),
            _ => Ruleset::ALL.to_vec(),
        }
    }
}

/// The name of the house's human.
pub const HOUSE_HUMAN: &str = "house_human";

/// Who of the house plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HousePlayer {
    Bot(HouseBot),
    Human,
}

/// What a house player does in its turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HouseAction {
    AskAny,
    Move(UciMove),
}

/// What a house player knows: no more than the platform tells any player.
pub(super) struct HouseView<'a> {
    pub(super) allowed: &'a [UciMove],
    pub(super) can_ask_any: bool,
    /// Where the opponent captured in its last turn, as everybody hears it.
    pub(super) lost_at: Option<Square>,
    /// Where the own pawns stand.
    pub(super) pawns: Vec<Square>,
}

impl<'a> HouseView<'a> {
    pub(super) fn of(referee: &'a Referee, color: Color) -> Self {
        let pawns = referee
            .men(color)
            .iter()
            .filter(|square| referee.man_at(*square).is_some_and(|man| man.kind == PieceKind::Pawn));
        Self {
            allowed: referee.allowed(color),
            can_ask_any: referee.can_ask_any(color),
            lost_at: referee
                .records()
                .iter()
                .rev()
                .find(|record| record.color != color && record.answer.is_move_done())
                .and_then(|record| record.answer.capture_square),
            pawns: pawns.collect(),
        }
    }
}

impl HousePlayer {
    /// What it does. `None` when nothing may be asked.
    pub(super) fn choose(self, view: &HouseView<'_>, rng: &mut fastrand::Rng) -> Option<HouseAction> {
        let random = |rng: &mut fastrand::Rng| rng.choice(view.allowed).copied().map(HouseAction::Move);
        match self {
            Self::Bot(HouseBot::Random) => random(rng),
            Self::Bot(HouseBot::RandomAny) if view.can_ask_any => Some(HouseAction::AskAny),
            Self::Bot(HouseBot::RandomAny) => random(rng),
            Self::Bot(HouseBot::Heuristic) | Self::Human => {
                if view.can_ask_any && rng.u8(..4) == 0 {
                    return Some(HouseAction::AskAny);
                }
                heuristic(view, rng).map(HouseAction::Move)
            }
        }
    }
}

/// The best by a rough count, with a little chance in it.
fn heuristic(view: &HouseView<'_>, rng: &mut fastrand::Rng) -> Option<UciMove> {
    let lost_at = view.lost_at;
    let mut best: Option<(u32, UciMove)> = None;
    for uci in view.allowed.iter().copied() {
        let is_pawn = uci.from().is_some_and(|from| view.pawns.contains(&from));
        let is_diagonal = uci.from().is_some_and(|from| from.file() != uci.to().file());
        let mut score = rng.u32(..40);
        score += match uci.promotion() {
            Some(PieceKind::Queen) => 100,
            Some(_) => 0,
            None => 10,
        };
        score += if lost_at == Some(uci.to()) { 60 } else { 0 };
        // A pawn's diagonal is legal only when it captures: without news of one it is a shot in the dark.
        score = if is_pawn && is_diagonal && lost_at != Some(uci.to()) { score / 2 } else { score };
        score += uci.from().map_or(8, |from| u32::from(distance(from, uci.to())) * 2);
        if best.is_none_or(|(known, _)| score > known) {
            best = Some((score, uci));
        }
    }
    best.map(|(_, uci)| uci)
}

fn distance(from: Square, to: Square) -> u8 {
    from.file().abs_diff(to.file()).max(from.rank().abs_diff(to.rank()))
}

/// The side for a wish.
pub(super) fn toss(wish: PlayAs, rng: &mut fastrand::Rng) -> Color {
    match wish {
        PlayAs::White => Color::White,
        PlayAs::Black => Color::Black,
        PlayAs::Random if rng.bool() => Color::White,
        PlayAs::Random => Color::Black,
    }
}
