//! Scoresheets: what the viewer has heard, turn by turn, with the referee's texts parsed into events.

use std::borrow::Cow;
use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::open_struct::{missing, open_struct};
use super::referee::{compose, is_composed};
use super::{
    Color, Extra, Prompt, QuestionType, RefereeEvent, RefereeLine, ReplayFen, SpecialAnnouncement, Square,
    Timestamp, UciMove, Written,
};

open_struct! {
    /// Everything that one side has heard in a game.
    pub struct Scoresheet {
        /// Whose it is.
        pub viewer_color: Color,
        /// The number of the full move that is being played, or was last. The spec calls it so; `move_number` of the state
        /// counts the moves of both sides.
        pub last_move_number: u32,
        /// The full moves, from the first.
        pub turns: Vec<RefereeTurn>,
    }
}

impl Scoresheet {
    /// All entries in the order in which they were heard, each with its full move and the side whose turn it was.
    pub fn entries(&self) -> impl Iterator<Item = (u32, Color, &RefereeEntry)> {
        entries(&self.turns)
    }
}

/// All entries of these turns in the order in which they were heard.
pub(super) fn entries(turns: &[RefereeTurn]) -> impl Iterator<Item = (u32, Color, &RefereeEntry)> {
    turns.iter().flat_map(|turn| {
        Color::BOTH
            .into_iter()
            .flat_map(move |color| turn.of(color).iter().map(move |entry| (turn.turn, color, entry)))
    })
}

open_struct! {
    /// One full move: what was heard in White's turn, and in Black's.
    pub struct RefereeTurn {
        /// Its number, from 1.
        pub turn: u32,
        /// White's turn.
        pub white: Vec<RefereeEntry>,
        /// Black's turn.
        pub black: Vec<RefereeEntry>,
    }
}

impl RefereeTurn {
    /// What was heard in the turn of one side.
    pub fn of(&self, color: Color) -> &[RefereeEntry] {
        match color {
            Color::White => &self.white,
            Color::Black => &self.black,
        }
    }
}

open_struct! {
    /// An entry of the flat log. In a game that is being played only the line is there; the other fields are `None`, and
    /// what the opponent did is in the line's events.
    pub struct RefereeLogItem {
        /// Which move of both sides it was, from 1.
        pub ply: u32,
        /// The referee's line.
        pub announcement: RefereeLine,
        /// A code, never seen so far.
        pub special_announcement: Option<SpecialAnnouncement>,
        /// A square, never seen so far.
        pub capture_square: Option<Written<Square>>,
        /// When, never seen so far.
        pub timestamp: Option<Timestamp>,
        /// The boards, never seen so far.
        pub replay_fen: Option<ReplayFen>,
    }
}

sdk_core::string_enum! {
    /// What an entry is about.
    pub enum EntryKind {
        /// A move that was made.
        Move = "move",
        /// Any? and its answer.
        AskAny = "ask_any",
        /// An attempt that was illegal.
        IllegalMove = "illegal_move",
        /// A move that was made, and captured.
        Capture = "capture",
        /// What the player about to move is told.
        Status = "status",
    }
}

sdk_core::string_enum! {
    /// Whose question it was, as the viewer sees it.
    pub enum Actor {
        /// The viewer.
        Own = "self",
        /// The opponent.
        Opponent = "opponent",
    }
}

/// One entry: a question and its answer, or a status.
///
/// ```
/// use kriegspiel_sdk::model::{Actor, RefereeEntry, RefereeEvent};
///
/// let entry: RefereeEntry = serde_json::from_str(r#"{"kind":"move","actor":"self","prompt":"Move attempt",
///     "message":"Move attempt — Move complete","messages":["Move complete"],"move_uci":"e2e4","question_type":"COMMON"}"#)
///     .unwrap();
/// assert_eq!(entry.actor, Actor::Own);
/// assert_eq!(entry.events, [RefereeEvent::MoveComplete]);
/// assert_eq!(entry.uci(), Some("e2e4".parse()?));
/// # Ok::<(), kriegspiel_sdk::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct RefereeEntry {
    /// What it is about.
    pub kind: EntryKind,
    /// Whose question it was.
    pub actor: Actor,
    /// The question. `None` for a status.
    pub prompt: Option<Prompt>,
    /// The answer.
    pub events: Vec<RefereeEvent>,
    /// The move that was tried: told of own attempts only.
    pub move_uci: Option<Written<UciMove>>,
    /// What was asked. `None` for a status.
    pub question_type: Option<QuestionType>,
    /// The fields that this version does not know.
    pub extra: Extra,
    message: Message,
}

/// How the entry's `message` was written.
#[derive(Debug, Clone, PartialEq)]
enum Message {
    /// It says the same as prompt and events.
    Composed,
    /// It says something else.
    Kept(Box<str>),
    /// The entry is this text alone, and no object.
    Bare,
}

impl RefereeEntry {
    /// An entry as the platform writes it.
    pub fn new(
        kind: EntryKind,
        actor: Actor,
        prompt: Option<Prompt>,
        events: Vec<RefereeEvent>,
        move_uci: Option<UciMove>,
        question_type: Option<QuestionType>,
    ) -> Self {
        let move_uci = move_uci.map(Written::Known);
        let (extra, message) = (Extra::default(), Message::Composed);
        Self { kind, actor, prompt, events, move_uci, question_type, extra, message }
    }

    /// The referee's line, for people.
    pub fn message(&self) -> Cow<'_, str> {
        match &self.message {
            Message::Kept(text) => text.as_ref().into(),
            Message::Composed | Message::Bare => {
                let mut line = String::new();
                // Writing to a string cannot fail.
                let _ = compose(&mut line, self.prompt.as_ref(), &self.events);
                line.into()
            }
        }
    }

    /// The move that was tried: told of own attempts only.
    pub fn uci(&self) -> Option<UciMove> {
        self.move_uci.as_ref().and_then(Written::known).copied()
    }

    /// Whether a move was made.
    pub fn is_move_done(&self) -> bool {
        matches!(self.kind, EntryKind::Move | EntryKind::Capture)
    }

    fn bare(text: &str) -> Self {
        Self {
            kind: EntryKind::Other(Box::default()),
            actor: Actor::Other(Box::default()),
            prompt: None,
            events: vec![RefereeEvent::parse(text)],
            move_uci: None,
            question_type: None,
            extra: Extra::default(),
            message: Message::Bare,
        }
    }
}

impl Serialize for RefereeEntry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.message == Message::Bare {
            return serializer.serialize_str(&self.message());
        }
        let messages: Vec<String> = self.events.iter().map(ToString::to_string).collect();
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("kind", &self.kind)?;
        map.serialize_entry("actor", &self.actor)?;
        map.serialize_entry("prompt", &self.prompt)?;
        map.serialize_entry("message", &self.message())?;
        map.serialize_entry("messages", &messages)?;
        map.serialize_entry("move_uci", &self.move_uci)?;
        map.serialize_entry("question_type", &self.question_type)?;
        for (name, value) in self.extra.iter() {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for RefereeEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(EntryVisitor)
    }
}

struct EntryVisitor;

impl<'de> Visitor<'de> for EntryVisitor {
    type Value = RefereeEntry;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an entry of a scoresheet, or a text")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<RefereeEntry, E> {
        Ok(RefereeEntry::bare(text))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RefereeEntry, A::Error> {
        let (mut kind, mut actor, mut prompt, mut message) = (None, None, None, None);
        let (mut events, mut move_uci, mut question_type) = (None, None, None);
        let mut extra = Extra::default();
        while let Some(Text(name)) = map.next_key::<Text<'de>>()? {
            match &*name {
                "kind" => kind = Some(map.next_value()?),
                "actor" => actor = Some(map.next_value()?),
                "prompt" => prompt = map.next_value::<Option<Prompt>>()?,
                "message" => message = Some(map.next_value::<Text<'de>>()?),
                "messages" => events = Some(map.next_value::<Events>()?.0),
                "move_uci" => move_uci = map.next_value()?,
                "question_type" => question_type = map.next_value()?,
                _ => {
                    extra.0.insert(name.into_owned(), map.next_value()?);
                }
            }
        }
        let kind = match kind {
            Some(kind) => kind,
            None => missing("kind")?,
        };
        let actor = match actor {
            Some(actor) => actor,
            None => missing("actor")?,
        };
        let Some(Text(message)) = message else { return Err(serde::de::Error::missing_field("message")) };
        let Some(mut events): Option<Vec<RefereeEvent>> = events else {
            return Err(serde::de::Error::missing_field("messages"));
        };
        if kind == EntryKind::Status {
            for event in &mut events {
                if *event == RefereeEvent::NoPawnCaptures {
                    *event = RefereeEvent::BeforeTurn(super::PawnNews::NoCaptures);
                }
            }
        }
        let composed = is_composed(&message, prompt.as_ref(), &events);
        let message = if composed { Message::Composed } else { Message::Kept(message.into()) };
        Ok(RefereeEntry { kind, actor, prompt, events, move_uci, question_type, extra, message })
    }
}

/// A text that is borrowed from the answer where it can be.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// Sentences, parsed as they are read.
struct Events(Vec<RefereeEvent>);

impl<'de> Deserialize<'de> for Events {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List;

        impl<'de> Visitor<'de> for List {
            type Value = Events;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of texts")
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut texts: A) -> Result<Events, A::Error> {
                let mut events = Vec::with_capacity(1);
                while let Some(Text(text)) = texts.next_element::<Text<'de>>()? {
                    events.push(RefereeEvent::parse(&text));
                }
                Ok(Events(events))
            }
        }

        deserializer.deserialize_seq(List)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn there_and_back(json: &str) -> RefereeEntry {
        let entry: RefereeEntry = serde_json::from_str(json).unwrap();
        let value: serde_json::Value = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_value(&entry).unwrap(), value);
        entry
    }

    #[test]
    fn what_is_not_known_is_kept() {
        let entry = there_and_back(
            r#"{"kind":"nap","actor":"audience","prompt":"Snore","message":"zzz","messages":["Z · Z"],"move_uci":"0000",
                "question_type":"SLEEP","depth":3}"#,
        );
        assert_eq!(entry.message(), "zzz");
        assert_eq!(entry.uci(), None);
        assert_eq!(entry.move_uci, Some(Written::Unreadable("0000".into())));
        assert_eq!(entry.extra.get("depth"), Some(&3.into()));
        assert_eq!(there_and_back(r#""Illegal move""#).events, [RefereeEvent::IllegalMove]);
    }

    #[test]
    fn a_broken_entry_names_its_field() {
        for (json, field) in [
            (r#"{"actor":"self","message":"","messages":[]}"#, "kind"),
            (r#"{"kind":"move","actor":"self","messages":[]}"#, "message"),
            (r#"{"kind":"move","actor":"self","message":""}"#, "messages"),
        ] {
            let error = serde_json::from_str::<RefereeEntry>(json).unwrap_err().to_string();
            assert!(error.contains(field), "{error}");
        }
    }
}
