//! The platform's messages against the examples of its API documentation ("BOTPIT API Documentation").
//!
//! Each file under `fixtures/spec` is one example, to the character; [`SPEC`] names the section that it stands in. Five
//! message examples have `// comments` in them: those files end in `.jsonc`, and the loader takes the comments out.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test's helper fails by panicking"
)]

use botpit_sdk::games::rps::{self, Choice, Rps};
use botpit_sdk::games::{Game, RoundEnd, RoundRecord};
use botpit_sdk::model::{
    AcceptChallenge, AgentId, Authenticate, CancelChallenge, ChallengeId, ClientMessage, CreateChallenge,
    ErrorCode, GameType, JoinQueue, MakeMove, MatchId, Register, Registered, Resign, Score, SendTaunt,
    ServerMessage, Side, SignedMessage, SpectateMatch, TauntId,
};
use botpit_sdk::{Lamports, WagerBucket};
use proptest::prelude::*;
use sdk_core::Error;
use sdk_core::secret::Secret;
use sdk_core::wire::RawJson;
use serde_json::{Value, json};

macro_rules! spec {
    ($($section:literal: $($file:literal)*;)*) => {
        /// Every example: its file, its section of the documentation, its text.
        const SPEC: &[(&str, &str, &str)] = &[
            $($(($file, $section, include_str!(concat!("fixtures/spec/", $file))),)*)*
        ];
    };
}

spec! {
    "WebSocket Protocol, Authentication": "authenticate.json" "authenticated.json" "error.json";
    "WebSocket Protocol, Matchmaking": "join_queue.json" "queue_joined.json" "leave_queue.json" "queue_left.json"
        "match_found.json" "game_start.jsonc";
    "WebSocket Protocol, Gameplay": "your_turn.jsonc" "make_move.jsonc" "round_result.json" "opponent_moved.jsonc"
        "game_over.jsonc" "resign.json";
    "WebSocket Protocol, Challenges": "create_challenge.json" "challenge_created.json" "accept_challenge.json"
        "challenge_accepted.json" "cancel_challenge.json" "challenge_cancelled.json";
    "WebSocket Protocol, Spectating": "spectate_match.json" "spectate_update.jsonc" "stop_spectating.json";
    "Wallet Signature Auth (REST)": "wallet_signature.json";
    "REST API Reference, Agents": "register_request.json" "register_response.json";
    "REST API Reference, Matches": "replay.json";
    "Game Types, Rock Paper Scissors": "rps_state.json";
}

/// What an agent says; every other message among the examples comes from the platform.
const FROM_AGENTS: &[&str] = &[
    "authenticate",
    "join_queue",
    "leave_queue",
    "make_move",
    "resign",
    "create_challenge",
    "accept_challenge",
    "cancel_challenge",
    "spectate_match",
    "stop_spectating",
];

/// The fields without which an agent cannot go on.
const REQUIRED: &[(&str, &[&str])] = &[
    ("authenticated", &["agent_id"]),
    ("match_found", &["match_id", "game_type", "opponent_id", "wager_lamports", "server_seed_hash"]),
    ("game_start", &["match_id", "your_side"]),
    ("your_turn", &["match_id", "round", "game_state", "timeout_ms"]),
    ("opponent_moved", &["match_id"]),
    ("round_result", &["match_id", "round"]),
    ("game_over", &["match_id", "winner"]),
    ("challenge_created", &["challenge_id"]),
    ("challenge_accepted", &["challenge_id"]),
    ("challenge_cancelled", &["challenge_id"]),
    ("spectate_update", &["match_id", "event"]),
    ("taunt_received", &["match_id"]),
];

/// The parts that differ by game: any JSON may stand there.
const RAW: &[&str] = &["game_state", "result", "move_data", "event"];

fn spec(name: &str) -> String {
    let (file, _, text) = SPEC
        .iter()
        .find(|(file, _, _)| file.trim_end_matches(".jsonc").trim_end_matches(".json") == name)
        .unwrap_or_else(|| panic!("no example of {name}"));
    if !file.ends_with(".jsonc") {
        return (*text).to_owned();
    }
    text.lines().map(|line| line.split("// ").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

/// The example as it would come over the wire: on one line, in its own order, the type first.
fn compact(name: &str) -> String {
    let text = spec(name);
    let mut compact = String::new();
    let (mut quoted, mut escaped) = (false, false);
    for c in text.chars() {
        if quoted || !c.is_whitespace() {
            compact.push(c);
        }
        quoted ^= c == '"' && !escaped;
        escaped = quoted && c == '\\' && !escaped;
    }
    compact
}

fn value(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn messages() -> impl Iterator<Item = String> {
    SPEC.iter()
        .filter(|(_, section, _)| section.starts_with("WebSocket"))
        .map(|(file, _, _)| file.trim_end_matches(".jsonc").trim_end_matches(".json").to_owned())
}

/// The spec's examples from the platform, and those of messages beyond the spec, as the platform's own SDKs read them.
fn from_the_platform() -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = messages()
        .filter(|name| !FROM_AGENTS.contains(&name.as_str()))
        .map(|name| (name.clone(), compact(&name)))
        .collect();
    for text in [
        r#"{"type":"queue_update","game_type":"rps","position":3,"wait_time_ms":45000,"search_radius":50.0,"players_in_queue":12,"players_online":342}"#,
        r#"{"type":"taunt_received","match_id":"m-1","agent_id":"a-2","agent_name":"BetaBot","taunt_id":"gg","taunt_text":"Good game"}"#,
        r#"{"type":"game_over","match_id":"m-1","winner":null,"final_score":[1,1],"server_seed":"s","payout_lamports":10000000,"fee_lamports":500000,"is_sandbox":false}"#,
        r#"{"type":"session_replaced"}"#,
        r#"{"type":"pong"}"#,
    ] {
        all.push((value(text)["type"].as_str().unwrap().to_owned(), text.to_owned()));
    }
    all
}

fn refused(text: &str) -> Error {
    match ServerMessage::decode(text) {
        Ok(message) => panic!("{text} became {message:?}"),
        Err(error) => error,
    }
}

#[test]
fn every_example_from_the_platform_is_known_and_loses_nothing() {
    let all = from_the_platform();
    assert_eq!(all.len(), 14 + 5, "14 in the spec, 5 beyond it");
    for (name, text) in all {
        let message = ServerMessage::decode(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(!matches!(message, ServerMessage::Unknown { .. }), "{name}");
        assert_eq!(message.name(), name);
        assert_eq!(message.match_id(), value(&text)["match_id"].as_str(), "{name}");
        let again = message.to_text().unwrap();
        assert!(again.starts_with(&format!(r#"{{"type":"{name}""#)), "{again}");
        assert_eq!(value(&again), value(&text), "{name}");
    }
}

#[test]
fn an_example_reads_the_same_in_the_layout_of_the_documentation() {
    for name in messages().filter(|name| !FROM_AGENTS.contains(&name.as_str())) {
        let documented = spec(&name);
        let message = ServerMessage::decode(&documented).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(message.name(), name);
        assert_eq!(value(&message.to_text().unwrap()), value(&documented), "{name}");
    }
}

#[test]
fn the_examples_read_as_documented() {
    let text = compact("authenticated");
    let Ok(ServerMessage::Authenticated(message)) = ServerMessage::decode(&text) else { panic!("{text}") };
    assert_eq!(message.agent_id, "550e8400-e29b-41d4-a716-446655440000");
    assert_eq!(message.agent_name.as_deref(), Some("MyAgent"));

    let text = compact("error");
    let Ok(ServerMessage::Error(message)) = ServerMessage::decode(&text) else { panic!("{text}") };
    assert!(message.code.as_ref().is_some_and(ErrorCode::is_auth));
    assert_eq!(message.message.as_deref(), Some("invalid or expired API key"));

    let text = compact("queue_joined");
    let Ok(ServerMessage::QueueJoined(message)) = ServerMessage::decode(&text) else { panic!("{text}") };
    assert_eq!((message.game_type, message.position), (Some(GameType::Rps), Some(1)));

    let text = compact("match_found");
    let Ok(ServerMessage::MatchFound(message)) = ServerMessage::decode(&text) else { panic!("{text}") };
    assert_eq!(message.game_type, GameType::Rps);
    assert_eq!(message.opponent_id, "opponent-agent-uuid");
    assert_eq!(message.opponent_name.as_deref(), Some("BetaBot"));
    assert_eq!(message.wager_lamports.to_string(), "0.01 SOL");
    assert_eq!(WagerBucket::of(message.wager_lamports), Ok(WagerBucket::Small));
    assert_eq!(message.server_seed_hash, "sha256hex_of_seed");

    let text = compact("game_start");
    let Ok(ServerMessage::GameStart(message)) = ServerMessage::decode(&text) else { panic!("{text}") };
    assert_eq!(message.your_side, Side::A);

    let text = compact("your_turn");
    let Ok(ServerMessage::YourTurn(message)) = ServerMessage::decode(&text) else { panic!("{text}") };
    assert_eq!((message.match_id.as_ref(), message.round), ("match-uuid", 1));
    assert_eq!(message.timeout(), GameType::Rps.timeout().unwrap());
    let state: <Rps as Game>::State = serde_json::from_str(message.game_state.get()).unwrap();
    assert_eq!(state, rps::State::new(1, Score::new(0, 0), Vec::new()));

    let text = compact("opponent_moved");
    let Ok(ServerMessage::OpponentMoved(message)) = ServerMessage::decode(&text) else { panic!("{text}") };
    assert_eq!((message.round, message.move_data.unwrap().get()), (Some(1), "{}"));

    let text = compact("round_result");
    let Ok(ServerMessage::RoundResult(message)) = ServerMessage::decode(&text) else { panic!("{text}") };
    assert_eq!((message.round, message.score), (1, Some(Score::new(1, 0))));
    let result: <Rps as Game>::RoundResult = serde_json::from_str(message.result.unwrap().get()).unwrap();
    assert_eq!(result.mine(Side::A), Some(Choice::Rock));
    assert_eq!(result.theirs(Side::A), Some(Choice::Scissors));
    assert_eq!(result.round_winner(), Some(&AgentId::from("agent-uuid-a")));
    assert_eq!(result.by_rules(), Some(RoundEnd::Won(Side::A)));

    let text = compact("game_over");
    let Ok(ServerMessage::GameOver(message)) = ServerMessage::decode(&text) else { panic!("{text}") };
    assert_eq!(message.winner.as_deref(), Some("agent-uuid-a"));
    assert_eq!(message.final_score.and_then(Score::leader), Some(Side::A));
    assert_eq!(message.server_seed.as_deref(), Some("hex_seed_revealed"));
    assert_eq!(message.payout_lamports, Some(Lamports::from_lamports(19_000_000)));
    assert_eq!((message.fee_lamports, message.is_sandbox), (None, None));

    let text = compact("challenge_created");
    let Ok(ServerMessage::ChallengeCreated(message)) = ServerMessage::decode(&text) else { panic!("{text}") };
    assert_eq!(
        (message.challenge_id.as_ref(), message.game_type),
        ("challenge-uuid", Some(GameType::Coinflip))
    );
    assert_eq!(message.wager_lamports, Some("0.05 SOL".parse().unwrap()));

    let text = compact("challenge_accepted");
    let Ok(ServerMessage::ChallengeAccepted(message)) = ServerMessage::decode(&text) else {
        panic!("{text}")
    };
    assert_eq!(
        (message.challenge_id.as_ref(), message.match_id.as_deref()),
        ("challenge-uuid", Some("match-uuid"))
    );

    let text = compact("spectate_update");
    let Ok(ServerMessage::SpectateUpdate(message)) = ServerMessage::decode(&text) else { panic!("{text}") };
    assert_eq!(message.event.get(), "{}");
}

#[test]
fn every_example_from_an_agent_is_produced() {
    let match_id = || MatchId::from("match-uuid");
    let challenge_id = || ChallengeId::from("challenge-uuid");
    let coinflip = CreateChallenge::new(GameType::Coinflip, "0.05 SOL".parse().unwrap());
    let produced = [
        ClientMessage::Authenticate(Authenticate::new(Secret::new("bp_live_abc123..."))),
        ClientMessage::JoinQueue(JoinQueue::new(GameType::Rps, "0.01 SOL".parse().unwrap())),
        ClientMessage::LeaveQueue,
        ClientMessage::MakeMove(MakeMove::new(match_id(), RawJson::from(r#"{"choice":"rock"}"#.to_owned()))),
        ClientMessage::Resign(Resign::new(match_id())),
        ClientMessage::CreateChallenge(coinflip),
        ClientMessage::AcceptChallenge(AcceptChallenge::new(challenge_id())),
        ClientMessage::CancelChallenge(CancelChallenge::new(challenge_id())),
        ClientMessage::SpectateMatch(SpectateMatch::new(match_id())),
        ClientMessage::StopSpectating,
    ];
    let names: Vec<&str> = produced.iter().map(ClientMessage::name).collect();
    assert_eq!(names, FROM_AGENTS);
    for message in produced {
        let name = message.name();
        assert_eq!(message.to_text().unwrap(), compact(name));
        assert_eq!(
            value(&ClientMessage::decode(&spec(name)).unwrap().to_text().unwrap()),
            value(&spec(name))
        );
        assert_eq!(message.holds_secret(), name == "authenticate");
    }
    let typed = MakeMove::text("match-uuid", &rps::Move::from(Choice::Rock)).unwrap();
    assert_eq!(typed, compact("make_move"));
}

#[test]
fn what_the_platforms_sdks_send_beyond_the_spec_is_produced() {
    let taunt = ClientMessage::SendTaunt(SendTaunt::new(MatchId::from("m-1"), TauntId::GlHf));
    let free = ClientMessage::JoinQueue(JoinQueue::new(GameType::Rps, Lamports::ZERO).in_sandbox());
    for (message, text) in [
        (ClientMessage::Ping, r#"{"type":"ping"}"#),
        (taunt, r#"{"type":"send_taunt","match_id":"m-1","taunt_id":"gl_hf"}"#),
        (free, r#"{"type":"join_queue","game_type":"rps","wager_lamports":0,"sandbox":true}"#),
    ] {
        assert_eq!(message.to_text().unwrap(), text);
        assert_eq!(ClientMessage::decode(text).unwrap().to_text().unwrap(), text);
    }
}

#[test]
fn only_what_an_agent_cannot_go_on_without_is_required() {
    for (name, text) in from_the_platform() {
        let required =
            REQUIRED.iter().find(|(message, _)| *message == name).map_or(&[][..], |(_, fields)| fields);
        for field in value(&text).as_object().unwrap().keys().filter(|field| *field != "type") {
            let mut without = value(&text);
            without.as_object_mut().unwrap().remove(field);
            let without = without.to_string();
            if required.contains(&field.as_str()) {
                let error = refused(&without);
                assert_eq!(error.code().id(), "decode_failed");
                assert!(error.message().contains(&name) && error.to_string().contains(field), "{error}");
            } else {
                let message = ServerMessage::decode(&without).unwrap_or_else(|error| panic!("{error}"));
                assert_eq!(value(&message.to_text().unwrap()), value(&without), "{name} without {field}");
            }
        }
    }
}

#[test]
fn a_field_that_is_wrong_is_named_and_never_replaced_by_a_default() {
    for (name, text) in from_the_platform() {
        let fields = value(&text);
        let fields = fields.as_object().unwrap();
        for field in fields.keys().filter(|field| *field != "type" && !RAW.contains(&field.as_str())) {
            let mut broken = value(&text);
            broken[field] = json!({ "surprise": [true] });
            let error = refused(&broken.to_string());
            assert_eq!(error.code().id(), "decode_failed");
            assert!(error.message().contains(&name), "{error}");
            assert!(error.field().is_some_and(|path| path.starts_with(field.as_str())), "{field}: {error}");
        }
    }
}

#[test]
fn numbers_do_not_wrap_and_sides_and_games_are_not_guessed() {
    let with = |name: &str, field: &str, new: Value| {
        let mut message = value(&compact(name));
        message[field] = new;
        message.to_string()
    };
    for (name, field, wrong) in [
        ("your_turn", "round", json!(4_294_967_296_u64)),
        ("your_turn", "round", json!(-1)),
        ("your_turn", "timeout_ms", json!("10000")),
        ("your_turn", "match_id", json!(null)),
        ("round_result", "score", json!([1.0, 0.5])),
        ("round_result", "score", json!([1])),
        ("round_result", "score", json!([1, 0, 0])),
        ("game_start", "your_side", json!("c")),
        ("game_start", "your_side", json!(null)),
        ("match_found", "wager_lamports", json!(-10_000_000)),
        ("match_found", "wager_lamports", json!(0.01)),
        ("match_found", "game_type", json!(null)),
        ("game_over", "winner", json!(true)),
    ] {
        let error = refused(&with(name, field, wrong.clone()));
        assert!(error.field().is_some_and(|path| path.starts_with(field)), "{wrong}: {error}");
    }

    let text = with("match_found", "game_type", json!("my-custom-game"));
    let Ok(ServerMessage::MatchFound(found)) = ServerMessage::decode(&text) else { panic!("{text}") };
    assert_eq!(found.game_type, GameType::Other("my-custom-game".into()));
    let text = with("game_start", "your_side", json!("B"));
    let Ok(ServerMessage::GameStart(start)) = ServerMessage::decode(&text) else { panic!("{text}") };
    assert_eq!(start.your_side, Side::B);
}

#[test]
fn what_is_not_known_reaches_the_bot_as_it_came() {
    let text = r#"{"type":"season_started","season":7}"#;
    let Ok(ServerMessage::Unknown { tag, text: whole }) = ServerMessage::decode(text) else {
        panic!("{text}")
    };
    assert_eq!((&*tag, whole), ("season_started", text));
    assert_eq!(ServerMessage::decode(text).unwrap().to_text().unwrap(), text);

    let text = r#"{"type":"queue_left","season":7,"reason":{"type":"your_turn"}}"#;
    assert!(matches!(ServerMessage::decode(text), Ok(ServerMessage::QueueLeft)));

    let text = r#"{"type":"error","code":"on_fire","message":"b\u00fcrn"}"#;
    let Ok(ServerMessage::Error(error)) = ServerMessage::decode(text) else { panic!("{text}") };
    assert_eq!(
        (error.code, error.message.as_deref()),
        (Some(ErrorCode::Other("on_fire".into())), Some("bürn"))
    );
}

#[test]
fn what_is_no_message_is_an_error_that_says_so() {
    for text in
        ["[]", "null", "\"hi\"", "42", "{}", r#"{"type":7}"#, r#"{"type":null}"#, r#"[{"type":"pong"}]"#]
    {
        let error = refused(text);
        assert_eq!((error.code().id(), error.field()), ("decode_failed", Some("type")), "{text}");
    }
    for text in
        ["", "{", "hello", r#"{"type":"pong""#, r#"{"type":"session_replaced"]"#, r#"{"type":"new",}"#]
    {
        assert_eq!(refused(text).code().id(), "not_json", "{text}");
    }
    // The place where a long text is cut for an error lies inside a character.
    for blanks in 0..4 {
        let text =
            format!(r#"{}{{"type":"your_turn","match_id":"{}"}}"#, " ".repeat(blanks), "ä€🎲".repeat(100));
        assert!(refused(&text).to_string().len() < 1_000);
    }
}

#[test]
fn deep_nesting_does_not_exhaust_the_stack() {
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let text =
        format!(r#"{{"type":"your_turn","match_id":"m-1","round":1,"timeout_ms":9,"game_state":{deep}}}"#);
    let Ok(ServerMessage::YourTurn(turn)) = ServerMessage::decode(&text) else { panic!("no turn") };
    assert!(serde_json::from_str::<rps::State>(turn.game_state.get()).is_err());
    let text = format!(r#"{{"type":"game_start","match_id":{deep},"your_side":"a"}}"#);
    assert_eq!(ServerMessage::decode(&text).unwrap_err().field(), Some("match_id"));
}

#[test]
fn texts_are_borrowed_from_the_frame() {
    use std::borrow::Cow;

    for name in ["match_found", "game_over"] {
        let text = compact(name);
        let borrowed = match ServerMessage::decode(&text).unwrap() {
            ServerMessage::MatchFound(found) => {
                matches!((found.match_id, found.opponent_name), (Cow::Borrowed(_), Some(Cow::Borrowed(_))))
            }
            ServerMessage::GameOver(over) => {
                matches!((over.winner, over.server_seed), (Some(Cow::Borrowed(_)), Some(Cow::Borrowed(_))))
            }
            other => panic!("{other:?}"),
        };
        assert!(borrowed, "{name}");
    }
}

#[test]
fn an_agents_key_is_not_shown_by_any_message_or_error() {
    let message = ClientMessage::decode(&spec("authenticate")).unwrap();
    assert!(!format!("{message:?}").contains("bp_live"));
    for text in [
        r#"{"type":"authenticate","api_key":["bp_live_s3cr3t"]}"#,
        r#"{"type":"authenticate","key":"bp_live_s3cr3t"}"#,
        r#"{"typ":"authenticate","api_key":"bp_live_s3cr3t"}"#,
        r#"{"type":"authenticate","api_key":"bp_live_s3cr3t""#,
    ] {
        let error = ClientMessage::decode(text).unwrap_err();
        assert!(!format!("{error} {error:?} {}", error.chain()).contains("s3cr3t"), "{error}");
    }
}

#[test]
fn the_server_side_tells_unknown_types_and_broken_fields_apart() {
    assert_eq!(ClientMessage::decode(r#"{"type":"dance"}"#).unwrap_err().field(), Some("type"));
    let error =
        ClientMessage::decode(r#"{"type":"join_queue","game_type":"rps","wager_lamports":1.5}"#).unwrap_err();
    assert_eq!(error.field(), Some("wager_lamports"));
    assert_eq!(ClientMessage::decode("rock").unwrap_err().code().id(), "not_json");
}

#[test]
fn registration_is_as_documented() {
    let signed = SignedMessage {
        wallet_address: "Base58SolanaAddress".into(),
        signature: "base58_encoded_signature".into(),
        message: "BOTPIT:register:Base58SolanaAddress:1709500000".into(),
    };
    let request = Register::new("MyAgent", signed.clone()).unwrap();
    assert_eq!(serde_json::to_string(&request).unwrap(), compact("register_request"));
    assert_eq!(serde_json::from_str::<Register>(&spec("register_request")).unwrap(), request);
    assert!(Register::new("", signed).is_err());

    let registered = Registered::decode(spec("register_response").as_bytes()).unwrap();
    assert_eq!(registered.agent_id, AgentId::from("550e8400-e29b-41d4-a716-446655440000"));
    assert_eq!(
        (registered.name.as_str(), registered.api_key.expose()),
        ("MyAgent", "bp_live_abc123def456...")
    );
    assert!(!format!("{registered:?}").contains("bp_live"));

    let signed: SignedMessage = serde_json::from_str(&spec("wallet_signature")).unwrap();
    assert_eq!(signed.message, "BOTPIT:rotate-key:YourSolanaBase58Address:1709500000");
    assert_eq!(serde_json::to_string(&signed).unwrap(), compact("wallet_signature"));
}

#[test]
fn rock_paper_scissors_is_as_documented() {
    let state: rps::State = serde_json::from_str(&spec("rps_state")).unwrap();
    assert_eq!(state, rps::State::new(1, Score::new(0, 0), Vec::new()));
    assert_eq!(serde_json::to_string(&state).unwrap(), compact("rps_state"));
    assert_eq!(Some(state.rounds_to_win), GameType::Rps.rounds_to_win());
    assert_eq!((Rps::game_type(), Some(Rps::BEST_OF)), (GameType::Rps, GameType::Rps.best_of()));

    // "Move" in the same section, one a line.
    for (choice, text) in Choice::ALL.into_iter().zip([
        r#"{ "choice": "rock" }"#,
        r#"{ "choice": "paper" }"#,
        r#"{ "choice": "scissors" }"#,
    ]) {
        assert_eq!(serde_json::from_str::<rps::Move>(text).unwrap(), rps::Move::from(choice));
        assert_eq!(serde_json::to_string(&rps::Move::from(choice)).unwrap(), text.replace(' ', ""));
    }

    let replay = value(&spec("replay"));
    let round: rps::RoundResult = serde_json::from_value(replay["rounds"][0].clone()).unwrap();
    assert_eq!(round.by_rules(), Some(RoundEnd::Won(Side::A)));
    let sent: rps::Move = serde_json::from_value(replay["moves"][0]["move_data"].clone()).unwrap();
    assert_eq!(Some(sent.choice), round.mine(Side::A));
}

#[test]
fn the_ten_games_are_as_documented() {
    // "Game Types": type string, format, timeout in seconds.
    for (word, best_of, timeout) in [
        ("coinflip", 5, 10),
        ("rps", 3, 10),
        ("hi_lo", 5, 10),
        ("dice_duel", 5, 10),
        ("high_card_duel", 5, 10),
        ("crash", 3, 10),
        ("mines", 3, 10),
        ("math_duel", 3, 15),
        ("reaction_ring", 3, 10),
        ("blotto", 5, 15),
    ] {
        let game = GameType::from(word);
        assert!(game.is_known() && GameType::KNOWN.contains(&word), "{word}");
        assert_eq!((game.best_of(), game.rounds_to_win()), (Some(best_of), Some(best_of / 2 + 1)), "{word}");
        assert_eq!(game.timeout().map(|timeout| timeout.as_secs()), Some(timeout), "{word}");
    }
    assert_eq!(GameType::KNOWN.len(), 10);
    assert_eq!(GameType::from("chess").best_of(), None);
}

proptest! {
    #[test]
    fn money_prints_as_it_parses(lamports: u64) {
        let amount = Lamports::from_lamports(lamports);
        prop_assert_eq!(amount.to_string().parse(), Ok(amount));
        prop_assert_eq!(format!("{lamports} lamports").parse(), Ok(amount));
    }

    #[test]
    fn no_text_is_worth_more_than_it_says(text in "[-+0-9.,eE_ ]{0,12} ?(SOL|sol|lamports)?") {
        if let Ok(amount) = text.parse::<Lamports>() {
            prop_assert_eq!(amount.to_string().parse(), Ok(amount));
            prop_assert!(!text.contains(['-', '+', ',', '_', 'e', 'E']));
        }
    }

    #[test]
    fn no_text_makes_decoding_panic(text in any::<String>()) {
        let _ = ServerMessage::decode(&text);
        let _ = ClientMessage::decode(&text);
        let _ = Registered::decode(text.as_bytes());
        let _ = text.parse::<Lamports>();
    }

    #[test]
    fn no_damage_to_a_message_makes_decoding_panic(which: prop::sample::Index, at: prop::sample::Index, cut in 0_usize..9, new in any::<String>()) {
        let all: Vec<String> = messages().map(|name| compact(&name)).collect();
        let chars: Vec<char> = which.get(&all).chars().collect();
        let at = at.index(chars.len());
        let damaged: String = chars[..at].iter().copied().chain(new.chars()).chain(chars.iter().copied().skip(at + cut)).collect();
        if let Ok(message) = ServerMessage::decode(&damaged) {
            let again = value(&message.to_text().unwrap());
            prop_assert_eq!(again["type"].as_str(), Some(message.name()));
        }
        let _ = ClientMessage::decode(&damaged);
    }
}
