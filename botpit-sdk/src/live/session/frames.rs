//! What the platform says, frame by frame.

use std::borrow::Cow;
use std::time::Duration;

use sdk_core::error::{Error, codes};
use sdk_core::socket::Context;
use sdk_core::wire::Text;

use super::Session;
use crate::live::event::{Event, QueueUpdate, UnknownFrame};
use crate::model::{AgentId, MatchId, ServerMessage};

/// A shorter key could be a part of any word, and is not looked for in what the platform says.
const SHORTEST_KEY: usize = 8;

impl Session {
    pub(super) fn on_message(&mut self, text: &Text, cx: &mut Context<'_, Event>) {
        let message = match ServerMessage::decode(text.as_str()) {
            Ok(message) => message,
            Err(error) => {
                let error = match self.without_key(text.as_str()) {
                    Cow::Borrowed(_) => error,
                    Cow::Owned(clean) => self.undecodable(&clean, &error),
                };
                tracing::warn!(error = %error, "a message could not be decoded");
                cx.emit(Event::DecodeError(error));
                self.on_undecodable(text.as_str(), cx);
                return;
            }
        };
        match message {
            ServerMessage::YourTurn(turn) => self.on_turn(text, &turn, cx),
            ServerMessage::RoundResult(result) => self.on_round_result(text, &result, cx),
            ServerMessage::OpponentMoved(moved) => {
                let Some(match_id) = self.hear_of(&moved.match_id, 0, cx) else { return };
                if self.heard.opponent_moved {
                    cx.emit(Event::OpponentMoved { match_id, round: moved.round });
                }
            }
            ServerMessage::Pong => {}
            ServerMessage::Authenticated(greeting) => self.on_authenticated(&greeting, cx),
            ServerMessage::Error(error) => self.on_error(&error, cx),
            ServerMessage::SessionReplaced => {
                let message = "another connection with the same key took over";
                cx.end(Some(Error::new(&codes::SESSION_REPLACED, message)));
            }
            ServerMessage::QueueJoined(joined) => self.on_queue_joined(joined, cx),
            ServerMessage::QueueLeft => self.on_queue_left(cx),
            ServerMessage::QueueUpdate(update) => cx.emit(Event::QueueUpdate(QueueUpdate {
                game_type: update.game_type,
                position: update.position,
                waited: update.wait_time_ms.map(Duration::from_millis),
                search_radius: update.search_radius,
                players_in_queue: update.players_in_queue,
                players_online: update.players_online,
            })),
            ServerMessage::MatchFound(found) => self.on_match_found(found, cx),
            ServerMessage::GameStart(start) => self.on_game_start(&start, cx),
            ServerMessage::GameOver(over) => self.on_game_over(over, cx),
            ServerMessage::ChallengeCreated(created) => self.on_challenge_created(&created, cx),
            ServerMessage::ChallengeAccepted(accepted) => self.on_challenge_accepted(&accepted, cx),
            ServerMessage::ChallengeCancelled(cancelled) => self.on_challenge_cancelled(&cancelled, cx),
            ServerMessage::SpectateUpdate(update) => self.on_spectate_update(text, &update, cx),
            ServerMessage::TauntReceived(taunt) => cx.emit(Event::TauntReceived {
                match_id: MatchId::from(&*taunt.match_id),
                agent_id: taunt.agent_id.as_deref().map(AgentId::from),
                taunt_id: taunt.taunt_id,
                text: taunt.taunt_text.map(Into::into),
            }),
            ServerMessage::Unknown { tag, .. } => {
                let tag = self.without_key(&tag);
                tracing::debug!(message_type = %sdk_core::wire::excerpt(&tag), "a message of an unknown type");
                let text = match self.without_key(text.as_str()) {
                    Cow::Borrowed(_) => text.clone(),
                    Cow::Owned(clean) => Text::from(clean),
                };
                cx.emit(Event::Unknown(UnknownFrame { message_type: tag.into_owned(), text }));
            }
        }
    }

    /// A text of the platform's without the bot's own key: some servers repeat what they refuse.
    pub(super) fn without_key<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if self.holds_key(text) { Cow::Owned(self.key.redact(text)) } else { Cow::Borrowed(text) }
    }

    pub(super) fn holds_key(&self, text: &str) -> bool {
        let key = self.key.expose();
        key.len() >= SHORTEST_KEY && text.contains(key)
    }

    /// Why a message that repeats the key cannot be decoded: told from its text without the key, because an excerpt may
    /// end in the middle of it.
    fn undecodable(&self, clean: &str, error: &Error) -> Error {
        ServerMessage::decode(clean).err().unwrap_or_else(|| {
            Error::new(error.code(), "a message that repeats the API key cannot be decoded, and is not shown")
        })
    }
}
