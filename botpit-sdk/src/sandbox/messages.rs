//! What clients say: frames into commands, and what is wrong with the others.

use serde_json::{Map, Value};

/// Why a message was not obeyed: the `error` message's fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

impl Problem {
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    fn field(kind: &str, field: &str, expected: &str) -> Self {
        Self::new("invalid_message", format!("{kind}: the field \"{field}\" must be {expected}"))
    }
}

/// A frame that is a JSON object with a type.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) kind: String,
    fields: Map<String, Value>,
}

/// What an agent wants to play, and for how much.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stake {
    pub(crate) game_type: String,
    /// What was asked for; it may be missing in free play.
    pub(crate) wager_lamports: Option<u64>,
    /// `"sandbox": true`.
    pub(crate) free_play: bool,
}

/// A command of the protocol.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Command {
    Authenticate { api_key: String },
    JoinQueue(Stake),
    LeaveQueue,
    MakeMove { match_id: String, move_data: Value },
    Resign { match_id: String },
    CreateChallenge(Stake),
    AcceptChallenge { challenge_id: String },
    CancelChallenge { challenge_id: String },
    SpectateMatch { match_id: String },
    StopSpectating,
    SendTaunt { match_id: String, taunt_id: String },
    Ping,
}

impl Frame {
    pub(crate) fn parse(text: &str) -> Result<Self, Problem> {
        let value: Value = serde_json::from_str(text)
            .map_err(|error| Problem::new("invalid_json", format!("the message is not JSON: {error}")))?;
        let Value::Object(fields) = value else {
            return Err(Problem::new("invalid_message", "a message is a JSON object with a field \"type\""));
        };
        match fields.get("type") {
            Some(Value::String(kind)) => Ok(Self { kind: kind.clone(), fields }),
            _ => Err(Problem::new("invalid_message", "the field \"type\" must be a string")),
        }
    }

    pub(crate) fn command(mut self) -> Result<Command, Problem> {
        Ok(match self.kind.as_str() {
            "authenticate" => Command::Authenticate { api_key: self.string("api_key")? },
            "join_queue" => Command::JoinQueue(self.stake()?),
            "leave_queue" => Command::LeaveQueue,
            "make_move" => {
                let match_id = self.string("match_id")?;
                match self.fields.remove("move_data") {
                    Some(move_data) => Command::MakeMove { match_id, move_data },
                    None => return Err(Problem::field(&self.kind, "move_data", "the game's move")),
                }
            }
            "resign" => Command::Resign { match_id: self.string("match_id")? },
            "create_challenge" => Command::CreateChallenge(self.stake()?),
            "accept_challenge" => Command::AcceptChallenge { challenge_id: self.string("challenge_id")? },
            "cancel_challenge" => Command::CancelChallenge { challenge_id: self.string("challenge_id")? },
            "spectate_match" => Command::SpectateMatch { match_id: self.string("match_id")? },
            "stop_spectating" => Command::StopSpectating,
            "send_taunt" => {
                Command::SendTaunt { match_id: self.string("match_id")?, taunt_id: self.string("taunt_id")? }
            }
            "ping" => Command::Ping,
            _ => {
                let kind: String = self.kind.chars().take(64).collect();
                return Err(Problem::new("unknown_type", format!("unknown message type \"{kind}\"")));
            }
        })
    }

    fn stake(&mut self) -> Result<Stake, Problem> {
        Ok(Stake {
            game_type: self.string("game_type")?,
            wager_lamports: self.lamports("wager_lamports")?,
            free_play: self.flag("sandbox")?,
        })
    }

    fn string(&mut self, field: &str) -> Result<String, Problem> {
        match self.fields.remove(field) {
            Some(Value::String(text)) => Ok(text),
            _ => Err(Problem::field(&self.kind, field, "a string")),
        }
    }

    fn lamports(&self, field: &str) -> Result<Option<u64>, Problem> {
        match self.fields.get(field) {
            None => Ok(None),
            Some(value) => value
                .as_u64()
                .map(Some)
                .ok_or_else(|| Problem::field(&self.kind, field, "a whole number of lamports, not negative")),
        }
    }

    fn flag(&self, field: &str) -> Result<bool, Problem> {
        match self.fields.get(field) {
            None => Ok(false),
            Some(value) => value.as_bool().ok_or_else(|| Problem::field(&self.kind, field, "true or false")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(text: &str) -> Result<Command, Problem> {
        Frame::parse(text)?.command()
    }

    #[test]
    fn the_messages_of_the_spec_are_understood() {
        // Verbatim from the spec's "WebSocket Protocol".
        let join =
            "{\n  \"type\": \"join_queue\",\n  \"game_type\": \"rps\",\n  \"wager_lamports\": 10000000\n}";
        assert_eq!(
            command(join),
            Ok(Command::JoinQueue(Stake {
                game_type: "rps".into(),
                wager_lamports: Some(10_000_000),
                free_play: false
            }))
        );
        assert_eq!(
            command("{\n  \"type\": \"authenticate\",\n  \"api_key\": \"bp_live_abc123...\"\n}"),
            Ok(Command::Authenticate { api_key: "bp_live_abc123...".into() })
        );
        assert_eq!(command("{\n  \"type\": \"leave_queue\"\n}"), Ok(Command::LeaveQueue));
        assert_eq!(
            command("{\n  \"type\": \"resign\",\n  \"match_id\": \"match-uuid\"\n}"),
            Ok(Command::Resign { match_id: "match-uuid".into() })
        );
        assert_eq!(
            command(
                "{\n  \"type\": \"create_challenge\",\n  \"game_type\": \"coinflip\",\n  \"wager_lamports\": 50000000\n}"
            ),
            Ok(Command::CreateChallenge(Stake {
                game_type: "coinflip".into(),
                wager_lamports: Some(50_000_000),
                free_play: false
            }))
        );
        assert_eq!(
            command("{\n  \"type\": \"accept_challenge\",\n  \"challenge_id\": \"challenge-uuid\"\n}"),
            Ok(Command::AcceptChallenge { challenge_id: "challenge-uuid".into() })
        );
        assert_eq!(
            command("{\n  \"type\": \"cancel_challenge\",\n  \"challenge_id\": \"challenge-uuid\"\n}"),
            Ok(Command::CancelChallenge { challenge_id: "challenge-uuid".into() })
        );
        assert_eq!(
            command("{\n  \"type\": \"spectate_match\",\n  \"match_id\": \"match-uuid\"\n}"),
            Ok(Command::SpectateMatch { match_id: "match-uuid".into() })
        );
        assert_eq!(command("{\n  \"type\": \"stop_spectating\"\n}"), Ok(Command::StopSpectating));
    }

    #[test]
    fn each_mistake_is_named() {
        for (text, code, part) in [
            ("", "invalid_json", "JSON"),
            ("{\"type\":", "invalid_json", "JSON"),
            ("[]", "invalid_message", "object"),
            ("null", "invalid_message", "object"),
            ("{}", "invalid_message", "\"type\""),
            (r#"{"type":7}"#, "invalid_message", "\"type\""),
            (r#"{"type":"shout"}"#, "unknown_type", "shout"),
            (r#"{"type":"authenticate"}"#, "invalid_message", "\"api_key\""),
            (r#"{"type":"join_queue","wager_lamports":1}"#, "invalid_message", "\"game_type\""),
            (
                r#"{"type":"join_queue","game_type":"rps","wager_lamports":-1}"#,
                "invalid_message",
                "\"wager_lamports\"",
            ),
            (
                r#"{"type":"join_queue","game_type":"rps","wager_lamports":0.01}"#,
                "invalid_message",
                "\"wager_lamports\"",
            ),
            (r#"{"type":"join_queue","game_type":"rps","sandbox":"yes"}"#, "invalid_message", "\"sandbox\""),
            (r#"{"type":"make_move","move_data":{}}"#, "invalid_message", "\"match_id\""),
            (r#"{"type":"make_move","match_id":"m"}"#, "invalid_message", "\"move_data\""),
            (r#"{"type":"resign"}"#, "invalid_message", "\"match_id\""),
            (r#"{"type":"create_challenge","wager_lamports":1}"#, "invalid_message", "\"game_type\""),
            (r#"{"type":"accept_challenge"}"#, "invalid_message", "\"challenge_id\""),
            (r#"{"type":"cancel_challenge","challenge_id":7}"#, "invalid_message", "\"challenge_id\""),
            (r#"{"type":"spectate_match"}"#, "invalid_message", "\"match_id\""),
            (r#"{"type":"send_taunt","match_id":"m"}"#, "invalid_message", "\"taunt_id\""),
        ] {
            let problem = command(text).unwrap_err();
            assert_eq!(problem.code, code, "{text}");
            assert!(problem.message.contains(part), "{text}: {}", problem.message);
        }
    }

    #[test]
    fn deep_nesting_is_an_error_and_not_a_crash() {
        let deep = "[".repeat(100_000);
        assert_eq!(command(&deep).unwrap_err().code, "invalid_json");
    }
}
