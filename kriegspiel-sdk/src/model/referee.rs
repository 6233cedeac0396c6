//! The referee's sentences, parsed into events: what a scoresheet is made of.

use std::fmt::{self, Write as _};

use super::{AnnouncedPiece, SpecialAnnouncement, Square, SquareSet};

/// Between a prompt and its answer.
const DASH: &str = " — ";
/// Between the sentences of an answer.
const DOT: &str = " · ";

/// One sentence of the referee's.
///
/// ```
/// use kriegspiel_sdk::model::{AnnouncedPiece, RefereeEvent, SpecialAnnouncement};
///
/// let event = RefereeEvent::parse("Knight captured at D5");
/// assert_eq!(event, RefereeEvent::Captured { piece: Some(AnnouncedPiece::Knight), at: "d5".parse()? });
/// assert_eq!(event.to_string(), "Knight captured at D5");
/// assert_eq!(RefereeEvent::parse("Check on file"), RefereeEvent::Special(SpecialAnnouncement::CheckFile));
/// assert_eq!(RefereeEvent::parse("It rains"), RefereeEvent::Unknown("It rains".into()));
/// # Ok::<(), kriegspiel_sdk::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RefereeEvent {
    /// The move was made, and nothing was captured.
    MoveComplete,
    /// The attempt was illegal.
    IllegalMove,
    /// Any? was answered with yes.
    HasPawnCaptures,
    /// Any? was answered with no.
    NoPawnCaptures,
    /// A man was captured.
    Captured {
        /// What it was, as exactly as the ruleset tells.
        piece: Option<AnnouncedPiece>,
        /// Where it stood.
        at: Square,
    },
    /// A pawn was captured en passant, where that is named.
    EnPassant {
        /// Where the capturing pawn landed.
        at: Square,
    },
    /// Check, or the end of the game. After a double check the two single ones follow.
    Special(SpecialAnnouncement),
    /// A man was dropped from the reserve; the square is not told.
    Dropped(AnnouncedPiece),
    /// A pawn was promoted, where that is told.
    Promotion,
    /// What the player about to move is told before the turn.
    BeforeTurn(PawnNews),
    /// A sentence that this version does not know, as it came.
    Unknown(Box<str>),
}

/// What the player about to move is told of pawn captures, as the ruleset has it. It is true of the board, pins and checks
/// included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PawnNews {
    /// There is none.
    NoCaptures,
    /// There is at least one.
    HasCapture,
    /// There are so many; promotions count once.
    Tries(u32),
    /// Pawns on these squares have one.
    TriesFrom(SquareSet),
}

const SPECIALS: [(&str, SpecialAnnouncement); 13] = [
    ("Check on rank", SpecialAnnouncement::CheckRank),
    ("Check on file", SpecialAnnouncement::CheckFile),
    ("Check on long diagonal", SpecialAnnouncement::CheckLongDiagonal),
    ("Check on short diagonal", SpecialAnnouncement::CheckShortDiagonal),
    ("Check by knight", SpecialAnnouncement::CheckKnight),
    ("Double check", SpecialAnnouncement::CheckDouble),
    ("Checkmate — White wins", SpecialAnnouncement::CheckmateWhiteWins),
    ("Checkmate — Black wins", SpecialAnnouncement::CheckmateBlackWins),
    ("Draw by stalemate", SpecialAnnouncement::DrawStalemate),
    ("Stalemate — White wins", SpecialAnnouncement::StalemateWhiteWins),
    ("Stalemate — Black wins", SpecialAnnouncement::StalemateBlackWins),
    ("Draw by insufficient material", SpecialAnnouncement::DrawInsufficient),
    ("Draw by too many reversible moves", SpecialAnnouncement::DrawTooManyReversibleMoves),
];

const PIECES: [(&str, AnnouncedPiece); 6] = [
    ("Pawn", AnnouncedPiece::Pawn),
    ("Piece", AnnouncedPiece::Piece),
    ("Knight", AnnouncedPiece::Knight),
    ("Bishop", AnnouncedPiece::Bishop),
    ("Rook", AnnouncedPiece::Rook),
    ("Queen", AnnouncedPiece::Queen),
];

impl RefereeEvent {
    /// Reads one sentence of an answer.
    pub fn parse(text: &str) -> Self {
        match text {
            "Move complete" => Self::MoveComplete,
            "Illegal move" => Self::IllegalMove,
            "Has pawn captures" => Self::HasPawnCaptures,
            "No pawn captures" => Self::NoPawnCaptures,
            "Promotion" => Self::Promotion,
            _ => Self::parse_composed(text).unwrap_or_else(|| Self::Unknown(text.into())),
        }
    }

    /// Reads the sentence of a status entry, where "No pawn captures" is no answer to Any?.
    pub fn parse_status(text: &str) -> Self {
        match Self::parse(text) {
            Self::NoPawnCaptures => Self::BeforeTurn(PawnNews::NoCaptures),
            event => event,
        }
    }

    fn parse_composed(text: &str) -> Option<Self> {
        if let Some((_, special)) = SPECIALS.iter().find(|(words, _)| *words == text) {
            return Some(Self::Special(special.clone()));
        }
        if let Some(square) = text.strip_prefix("Capture done at ") {
            return Some(Self::Captured { piece: None, at: upper_square(square)? });
        }
        if let Some(square) = text.strip_prefix("En passant capture at ") {
            return Some(Self::EnPassant { at: upper_square(square)? });
        }
        if let Some((piece, square)) = text.split_once(" captured at ") {
            return Some(Self::Captured { piece: Some(piece_named(piece)?), at: upper_square(square)? });
        }
        if let Some(piece) = text.strip_suffix(" dropped") {
            return Some(Self::Dropped(piece_named(piece)?));
        }
        PawnNews::parse(text).map(Self::BeforeTurn)
    }
}

fn upper_square(text: &str) -> Option<Square> {
    Square::from_bytes(text.as_bytes()).filter(|_| text.starts_with(|file: char| file.is_ascii_uppercase()))
}

fn piece_named(name: &str) -> Option<AnnouncedPiece> {
    PIECES.iter().find(|(word, _)| *word == name).map(|(_, piece)| piece.clone())
}

impl PawnNews {
    fn parse(text: &str) -> Option<Self> {
        if text == "Has pawn capture" {
            return Some(Self::HasCapture);
        }
        if let Some(square) = text.strip_prefix("Pawn try from ") {
            return Some(Self::TriesFrom(SquareSet::from_iter([upper_square(square)?])));
        }
        if let Some(squares) = text.strip_prefix("Pawn tries from ") {
            return squares.split(", ").map(upper_square).collect::<Option<SquareSet>>().map(Self::TriesFrom);
        }
        let count = text.strip_suffix(" pawn try").or_else(|| text.strip_suffix(" pawn tries"))?;
        count.bytes().all(|byte| byte.is_ascii_digit()).then(|| count.parse().ok()).flatten().map(Self::Tries)
    }
}

/// A square as the referee says it: in capitals.
struct Upper(Square);

impl fmt::Display for Upper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", char::from(b'A' + self.0.file()), char::from(b'1' + self.0.rank()))
    }
}

impl fmt::Display for RefereeEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = |piece: &AnnouncedPiece| {
            let known = PIECES.iter().find(|(_, other)| other == piece);
            known.map_or_else(|| piece.to_string(), |(name, _)| (*name).to_owned())
        };
        match self {
            Self::MoveComplete => f.write_str("Move complete"),
            Self::IllegalMove => f.write_str("Illegal move"),
            Self::HasPawnCaptures => f.write_str("Has pawn captures"),
            Self::NoPawnCaptures => f.write_str("No pawn captures"),
            Self::Captured { piece: None, at } => write!(f, "Capture done at {}", Upper(*at)),
            Self::Captured { piece: Some(piece), at } => {
                write!(f, "{} captured at {}", named(piece), Upper(*at))
            }
            Self::EnPassant { at } => write!(f, "En passant capture at {}", Upper(*at)),
            Self::Special(special) => {
                let known = SPECIALS.iter().find(|(_, other)| other == special);
                f.write_str(known.map_or(special.as_str(), |(words, _)| words))
            }
            Self::Dropped(piece) => write!(f, "{} dropped", named(piece)),
            Self::Promotion => f.write_str("Promotion"),
            Self::BeforeTurn(news) => news.fmt(f),
            Self::Unknown(text) => f.write_str(text),
        }
    }
}

impl fmt::Display for PawnNews {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCaptures => f.write_str("No pawn captures"),
            Self::HasCapture => f.write_str("Has pawn capture"),
            Self::Tries(1) => f.write_str("1 pawn try"),
            Self::Tries(count) => write!(f, "{count} pawn tries"),
            Self::TriesFrom(squares) => {
                f.write_str(if squares.len() == 1 { "Pawn try from" } else { "Pawn tries from" })?;
                for (before, square) in
                    std::iter::once(" ").chain(std::iter::repeat(", ")).zip(squares.iter())
                {
                    write!(f, "{before}{}", Upper(square))?;
                }
                Ok(())
            }
        }
    }
}

sdk_core::string_enum! {
    /// Who asked what.
    pub enum Prompt {
        /// The viewer tried a move.
        MoveAttempt = "Move attempt",
        /// The viewer asked Any?.
        AskAny = "Ask any pawn captures",
        /// The opponent tried a move, which is not told.
        OpponentMove = "Opponent move",
        /// The opponent asked Any?.
        OpponentAskedAny = "Opponent asked any pawn captures",
    }
}

/// A line of the referee's: who asked what, and the answer.
///
/// ```
/// use kriegspiel_sdk::model::{Prompt, RefereeLine};
///
/// let line = RefereeLine::parse("Opponent move — Capture done at D5 · Check on file");
/// assert_eq!(line.prompt, Some(Prompt::OpponentMove));
/// assert_eq!(line.events.len(), 2);
/// assert_eq!(line.to_string(), "Opponent move — Capture done at D5 · Check on file");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct RefereeLine {
    /// Who asked what. `None` for a status: what is told before a turn.
    pub prompt: Option<Prompt>,
    /// The answer.
    pub events: Vec<RefereeEvent>,
}

impl RefereeLine {
    /// Reads a line. What this version does not know is kept in [`RefereeEvent::Unknown`].
    pub fn parse(text: &str) -> Self {
        let prompted = text.split_once(DASH).map(|(prompt, answer)| (Prompt::from(prompt), answer));
        match prompted {
            Some((prompt, answer)) if prompt.is_known() => {
                Self { prompt: Some(prompt), events: answer.split(DOT).map(RefereeEvent::parse).collect() }
            }
            _ => Self { prompt: None, events: vec![RefereeEvent::parse_status(text)] },
        }
    }
}

impl fmt::Display for RefereeLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        compose(f, self.prompt.as_ref(), &self.events)
    }
}

impl serde::Serialize for RefereeLine {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for RefereeLine {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Line;

        impl serde::de::Visitor<'_> for Line {
            type Value = RefereeLine;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a line of the referee's")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<RefereeLine, E> {
                Ok(RefereeLine::parse(text))
            }
        }

        deserializer.deserialize_str(Line)
    }
}

/// Writes a line as the platform does.
pub(super) fn compose(
    f: &mut impl fmt::Write,
    prompt: Option<&Prompt>,
    events: &[RefereeEvent],
) -> fmt::Result {
    if let Some(prompt) = prompt {
        write!(f, "{prompt}{DASH}")?;
    }
    for (index, event) in events.iter().enumerate() {
        if index > 0 {
            f.write_str(DOT)?;
        }
        write!(f, "{event}")?;
    }
    Ok(())
}

/// Whether a text is the line of this prompt and these events, without writing the line down.
pub(super) fn is_composed(text: &str, prompt: Option<&Prompt>, events: &[RefereeEvent]) -> bool {
    /// Takes what is written off the front of a text.
    struct Expect<'a>(&'a str);

    impl fmt::Write for Expect<'_> {
        fn write_str(&mut self, part: &str) -> fmt::Result {
            self.0 = self.0.strip_prefix(part).ok_or(fmt::Error)?;
            Ok(())
        }
    }

    let mut rest = Expect(text);
    compose(&mut rest, prompt, events).is_ok() && rest.write_str("").is_ok() && rest.0.is_empty()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Every sentence of the grammar goes there and back, and none is unknown.
    #[test]
    fn the_whole_grammar() {
        let mut texts: Vec<String> = [
            "Move complete",
            "Illegal move",
            "Has pawn captures",
            "No pawn captures",
            "Capture done at D5",
            "En passant capture at D6",
            "Promotion",
            "Has pawn capture",
            "1 pawn try",
            "2 pawn tries",
            "12 pawn tries",
            "Pawn try from E4",
            "Pawn tries from D4, E4",
        ]
        .map(str::to_owned)
        .to_vec();
        texts.extend(SPECIALS.iter().map(|(text, _)| (*text).to_owned()));
        for (piece, _) in &PIECES {
            texts.push(format!("{piece} captured at H8"));
            texts.push(format!("{piece} dropped"));
        }
        for text in texts {
            let event = RefereeEvent::parse(&text);
            assert!(!matches!(event, RefereeEvent::Unknown(_)), "{text}");
            assert_eq!(event.to_string(), text);
            let line = format!("Opponent move — {text}");
            assert_eq!(RefereeLine::parse(&line).events, [event]);
            assert_eq!(RefereeLine::parse(&line).to_string(), line);
        }
        assert_eq!(
            RefereeLine::parse("No pawn captures").events,
            [RefereeEvent::BeforeTurn(PawnNews::NoCaptures)]
        );
    }

    #[test]
    fn what_is_not_in_the_grammar_is_kept_as_it_came() {
        for text in [
            "",
            "Capture done at",
            "Capture done at d5",
            "Capture done at D9",
            "King captured at D5",
            "+1 pawn tries",
            "Pawn tries from ",
            "99999999999999999999 pawn tries",
            "Opponent move",
            "The king sneezes — loudly",
        ] {
            assert_eq!(RefereeLine::parse(text).events, [RefereeEvent::Unknown(text.into())]);
            assert_eq!(RefereeLine::parse(text).to_string(), text);
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_line(text in "\\PC{0,60}") {
            let line = RefereeLine::parse(&text);
            if line.events.iter().any(|event| matches!(event, RefereeEvent::Unknown(_))) {
                prop_assert_eq!(line.to_string(), text);
            }
        }
    }
}
