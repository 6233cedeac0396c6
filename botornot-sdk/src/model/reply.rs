//! Answers to what a bot sent (spec, "Wire Protocol").

use sdk_core::wire::RawJson;
use serde::Deserialize;

use super::frame::{lenient_id, lenient_word};
use super::{MatchId, Room};

sdk_core::string_enum! {
    /// The status in a reply.
    pub enum ReplyStatus {
        /// Done.
        Ok = "ok",
        /// Waiting for an opponent.
        Queued = "queued",
        /// Waiting for an opponent since an earlier request.
        AlreadyQueued = "already_queued",
        /// In a match: the reply names it, and it is to be entered again at once.
        AlreadyActive = "already_active",
        /// The compliance check comes first: the reply names its room.
        ProbeRequired = "probe_required",
    }
}

/// The payload of an `event: "reply"`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reply {
    /// The status. `None` when the platform gave none.
    pub status: Option<ReplyStatus>,
    /// The room to join: the match of `already_active`, the compliance room of `probe_required`.
    pub room: Option<Room>,
    /// The match of `already_active`.
    pub match_id: Option<MatchId>,
    /// The payload as it came, with whatever this version does not know.
    pub raw: RawJson,
}

impl Reply {
    /// Whether the platform did what was asked: it said `ok`, or gave no status at all.
    pub fn is_ok(&self) -> bool {
        self.status.as_ref().is_none_or(|status| *status == ReplyStatus::Ok)
    }

    /// Reads a payload. One of another shape is a reply without status; its text is kept.
    pub(crate) fn read(raw: RawJson) -> Self {
        #[derive(Default, Deserialize)]
        struct Payload {
            #[serde(default, deserialize_with = "lenient_word")]
            status: Option<String>,
            #[serde(default, deserialize_with = "lenient_word")]
            room: Option<String>,
            #[serde(default, deserialize_with = "lenient_id")]
            match_id: Option<String>,
        }

        let payload: Payload = serde_json::from_str(raw.as_str()).unwrap_or_default();
        let filled = |text: Option<String>| text.filter(|text| !text.is_empty());
        let room = filled(payload.room).map(Room::from);
        let match_id = filled(payload.match_id).map(MatchId::from);
        Self { status: payload.status.map(ReplyStatus::from), room, match_id, raw }
    }
}
