//! The spec's frames, decoded and produced; and what the model makes of frames that the spec does not show.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "these are tests"
)]

use botornot_sdk::model::{
    AgentTier, ChatFrom, ClientFrame, ClientMessage, Guess, Kind, MatchId, PING, Push, Reason, ReplyStatus,
    Room, RoomKind, ServerEvent, ServerFrame, UserId,
};
use botornot_sdk::{Error, PROTOCOL};

const FRAMES: &str = include_str!("fixtures/spec/frames.txt");

fn frames(direction: &str) -> Vec<&'static str> {
    FRAMES.lines().filter_map(|line| line.strip_prefix(direction)?.strip_prefix(' ')).collect()
}

fn decode(text: &str) -> ServerFrame {
    ServerFrame::decode(&text.into()).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn refused(text: &str) -> Error {
    ServerFrame::decode(&text.into()).unwrap_err()
}

fn push(text: &str) -> Push {
    let ServerFrame::Push(push) = decode(text) else { panic!("{text}") };
    push
}

fn event(event_type: &str, payload: &str) -> ServerEvent {
    push(&format!(r#"{{"room":"room:game:botornot:abc123","type":"{event_type}","payload":{payload}}}"#))
        .event
}

#[test]
fn every_frame_that_a_client_sends_is_produced_byte_for_byte() {
    let produced: Vec<String> = frames(">")
        .into_iter()
        .map(|text| match ClientFrame::decode(text).unwrap() {
            ClientFrame::Ping => PING.to_owned(),
            ClientFrame::Join { id, room } => ClientFrame::join(&id, &room),
            frame @ ClientFrame::Event { .. } => {
                let message = frame.message().unwrap().unwrap();
                assert!(!matches!(message, ClientMessage::Other { .. }), "{text}");
                let ClientFrame::Event { id, room, .. } = frame else { unreachable!() };
                message.to_frame(&id, &room).unwrap()
            }
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(produced, frames(">"));
    assert_eq!(produced.len(), 12);

    // The two that the spec describes without an example.
    let room = Room::of_match(&MatchId::from("abc123"));
    assert_eq!(
        ClientMessage::Typing { typing: true }.to_frame("8", &room).unwrap(),
        r#"{"id":"8","room":"room:game:botornot:abc123","type":"chat:typing","payload":{"typing":true}}"#
    );
    assert_eq!(
        ClientMessage::Vote { guess: Guess::Agent }.to_frame("8", &room).unwrap(),
        r#"{"id":"8","room":"room:game:botornot:abc123","type":"vote:cast","payload":{"guess":"agent"}}"#
    );
}

#[test]
fn every_frame_of_the_server_is_known() {
    let frames = frames("<");
    assert_eq!(frames.len(), 15);
    for text in frames {
        match decode(text) {
            ServerFrame::Pong | ServerFrame::Joined(_) => {}
            ServerFrame::Reply { reply, .. } => assert!(reply.status.unwrap().is_known(), "{text}"),
            ServerFrame::Push(push) => assert!(!matches!(push.event, ServerEvent::Unknown { .. }), "{text}"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn the_frames_of_the_server_mean_what_the_spec_says() {
    let frames = frames("<");
    let pushes: Vec<Push> = frames
        .iter()
        .filter_map(|text| match decode(text) {
            ServerFrame::Push(push) => Some(push),
            _ => None,
        })
        .collect();
    let [sync, challenge, test_found, found, phase, reveal, direct] = &pushes[..] else {
        panic!("{pushes:?}")
    };

    assert!(
        matches!(&sync.event, ServerEvent::RoomSync(sync) if sync.room.as_str() == "room:session:AbCd1234QwEr")
    );
    assert_eq!(sync.meta.user_id, Some(UserId::Number(42)));
    assert_eq!(sync.meta.timestamp, Some("2026-03-03T00:00:00Z".into()));

    let ServerEvent::Chat(chat) = &challenge.event else { panic!("{challenge:?}") };
    assert_eq!(chat.probe_token.as_deref(), Some("1a2b3c4d"));
    assert_eq!((chat.sender_kind.clone(), chat.mode.as_deref()), (Some(Kind::Human), Some("direct")));
    assert_eq!((&challenge.meta.user_id, &chat.from), (&None, &None));

    let ServerEvent::MatchFound(test) = &test_found.event else { panic!("{test_found:?}") };
    assert!(test.match_id.is_test());
    let ServerEvent::MatchFound(found) = &found.event else { panic!("{found:?}") };
    assert_eq!(found.room, Room::of_match(&found.match_id));

    let ServerEvent::VotePhase(phase) = &phase.event else { panic!("{phase:?}") };
    assert_eq!((phase.chat_locked, phase.must_vote, phase.opponent_voted()), (Some(false), Some(true), true));

    let ServerEvent::Reveal(reveal) = &reveal.event else { panic!("{reveal:?}") };
    assert_eq!((&reveal.opponent_kind, &reveal.agent_tier), (&Some(Kind::Agent), &Some(AgentTier::Hard)));
    assert_eq!((reveal.opponent_label.as_deref(), reveal.correct), (Some("ORACLE"), Some(true)));
    assert_eq!((reveal.no_contest, reveal.passed()), (Some(false), Some(false)));
    assert_eq!((reveal.seconds_remaining, reveal.rating_delta), (Some(91.0), Some(18.0)));
    assert_eq!((reveal.new_rating, reveal.rating_before()), (Some(1142.0), Some(1124.0)));
    assert!(reveal.extra.is_empty());

    assert_eq!(direct.room.kind(), RoomKind::Direct("agent:sniper"));
    let ServerEvent::Chat(chat) = &direct.event else { panic!("{direct:?}") };
    assert_eq!(
        (chat.sender_handle.as_deref(), chat.sender_role.as_deref()),
        (Some("owner_1234"), Some("user"))
    );
    assert_eq!(PROTOCOL, "botornot-agent-v2");
}

#[test]
fn replies_and_errors_are_typed_and_keep_what_they_say() {
    let ServerFrame::Reply { id, reply, .. } = decode(
        r#"{"id":7,"room":"room:game:botornot:lobby","event":"reply","payload":{"status":"already_active","room":"room:game:botornot:m1","match_id":"m1","new":[1]}}"#,
    ) else {
        panic!()
    };
    assert_eq!((id.as_deref(), reply.status.clone()), (Some("7"), Some(ReplyStatus::AlreadyActive)));
    assert_eq!(
        (reply.room.clone(), reply.match_id.clone()),
        (Some("room:game:botornot:m1".into()), Some("m1".into()))
    );
    assert!(reply.raw.as_str().contains(r#""new":[1]"#));

    for (payload, status) in [
        (r#"{"status":"on_holiday"}"#, Some(ReplyStatus::Other("on_holiday".into()))),
        (r#"{"status":7}"#, None),
        ("{}", None),
        ("null", None),
        ("[1]", None),
    ] {
        let ServerFrame::Reply { reply, .. } =
            decode(&format!(r#"{{"id":"1","event":"reply","payload":{payload}}}"#))
        else {
            panic!()
        };
        let kept = if payload == "null" { "{}" } else { payload };
        assert_eq!((reply.status, reply.raw.as_str()), (status, kept));
    }

    for (payload, reason, text) in [
        (r#"{"reason":":forbidden"}"#, Reason::Forbidden, ":forbidden"),
        (r#"{"reason":"unsupported_event"}"#, Reason::UnsupportedEvent, "unsupported_event"),
        (r#"{"reason":{"code":1}}"#, Reason::Other("\"code\":1".into()), r#"{"code":1}"#),
        ("{}", Reason::Other("".into()), ""),
    ] {
        let ServerFrame::Error(error) =
            decode(&format!(r#"{{"id":"1","event":"error","payload":{payload}}}"#))
        else {
            panic!()
        };
        assert_eq!((error.reason_text.as_str(), error.id.as_deref()), (text, Some("1")));
        if payload.contains("code") {
            assert!(!error.reason.is_known());
        } else {
            assert_eq!(error.reason, reason);
        }
    }
}

#[test]
fn who_caused_an_event_may_be_told_in_any_way() {
    let meta = |meta: &str| {
        push(&format!(r#"{{"room":"room:x","type":"match:ended","payload":{{}},"meta":{meta}}}"#)).meta
    };
    assert_eq!(meta(r#"{"user_id":42}"#).user_id, Some(UserId::Number(42)));
    assert_eq!(meta(r#"{"user_id":"u-1"}"#).user_id, Some(UserId::Text("u-1".into())));
    for nobody in [r#"{"user_id":null}"#, "{}", "null", "[]", r#"{"user_id":{"id":1}}"#, "7"] {
        assert_eq!(meta(nobody).user_id, None, "{nobody}");
    }
}

#[test]
fn votes_may_be_told_of_one_or_of_many() {
    let voted_by = |payload: &str| {
        let ServerEvent::VotePhase(phase) = event("vote:phase", payload) else { panic!() };
        phase.voted_by
    };
    assert_eq!(voted_by(r#"{"voted_by":"opponent"}"#), [ChatFrom::Opponent]);
    assert_eq!(voted_by(r#"{"voted_by":["self","opponent",7]}"#), [ChatFrom::Me, ChatFrom::Opponent]);
    assert!(voted_by(r#"{"voted_by":null}"#).is_empty());
    assert!(voted_by("{}").is_empty());
}

#[test]
fn a_reveal_may_be_empty_and_keeps_what_is_new() {
    let ServerEvent::Reveal(reveal) = event("match:reveal", "{}") else { panic!() };
    assert_eq!((reveal.opponent_kind.clone(), reveal.passed(), reveal.rating_before()), (None, None, None));
    let ServerEvent::Reveal(reveal) = event(
        "match:reveal",
        r#"{"opponent_kind":"alien","agent_tier":null,"opponent_vote":null,"rating_delta":0,"mvp":true}"#,
    ) else {
        panic!()
    };
    assert_eq!(reveal.opponent_kind, Some(Kind::Other("alien".into())));
    assert_eq!((reveal.rating_delta, reveal.extra["mvp"].as_bool()), (Some(0.0), Some(true)));
}

#[test]
fn what_is_not_known_is_kept() {
    let unknown = push(r#"{"room":"room:new","type":"moon:rise","payload":{"phase":"full"},"meta":null}"#);
    assert_eq!(unknown.event.event_type(), "moon:rise");
    let payload: serde_json::Value = unknown.payload_as().unwrap();
    assert_eq!(payload["phase"], "full");
    for text in [
        r#"{"event":"tea_time","x":1}"#,
        "{}",
        r#"{"type":"no:room"}"#,
        r#"{"event":"welcome","room":"room:x"}"#,
    ] {
        assert!(matches!(decode(text), ServerFrame::Unknown { .. }), "{text}");
    }
    // A field beside the known ones is reached through the frame.
    let chat = push(r#"{"room":"room:x","type":"chat:message","payload":{"body":"hi","mood":"sunny"}}"#);
    let payload: serde_json::Value = chat.payload_as().unwrap();
    assert_eq!(payload["mood"], "sunny");
}

#[test]
fn a_known_event_that_is_broken_names_the_field() {
    for (event_type, payload, field) in [
        ("chat:message", r#"{"body":7}"#, Some("body")),
        ("room:sync", r#"{"room":{}}"#, Some("room")),
        ("match:reveal", r#"{"correct":"yes"}"#, None),
        ("match:found", "{}", Some("room")),
        ("match:found", r#"{"room":"room:odd"}"#, Some("match_id")),
        ("vote:phase", r#"{"must_vote":"yes"}"#, Some("must_vote")),
    ] {
        let text = format!(r#"{{"room":"room:x","type":"{event_type}","payload":{payload}}}"#);
        let error = refused(&text);
        assert_eq!(error.code().id(), "decode_failed", "{text}");
        assert!(error.to_string().contains(event_type), "{error}");
        if field.is_some() {
            assert_eq!(error.field(), field, "{text}");
        }
    }
    assert_eq!(refused("{").code().id(), "not_json");
    assert_eq!(refused(r#"{"room":7}"#).field(), Some("room"));

    // Where room and id follow from one another, one is enough.
    for payload in
        [r#"{"room":"room:game:botornot:m7"}"#, r#"{"match_id":"m7"}"#, r#"{"match_id":"m7","room":null}"#]
    {
        let ServerEvent::MatchFound(found) = event("match:found", payload) else { panic!() };
        assert_eq!((found.match_id.as_str(), found.room.as_str()), ("m7", "room:game:botornot:m7"));
    }
}

#[test]
fn a_message_of_ones_own_is_checked_before_it_is_sent() {
    use serde_json::json;

    let field = |event_type: &str, payload: serde_json::Value| {
        ClientMessage::new(event_type, &payload).map_err(|error| error.field().map(str::to_owned))
    };
    assert_eq!(
        field("vote:cast", json!({ "guess": "agent" })),
        Ok(ClientMessage::Vote { guess: Guess::Agent })
    );
    assert_eq!(field("vote:cast", json!({ "guess": "robot" })), Err(Some("guess".into())));
    assert_eq!(field("chat:message", json!({})).unwrap_err().as_deref(), Some("payload"));
    assert_eq!(field("chat:typing", json!({ "typing": 1 })), Err(Some("typing".into())));
    assert_eq!(field("", json!({})), Err(Some("type".into())));
    assert_eq!(field("a b", json!({})), Err(Some("type".into())));
    assert_eq!(field("wave", json!([])), Err(Some("payload".into())));
    let ClientMessage::Other { event_type, .. } = field("wave", json!({ "hand": "left" })).unwrap() else {
        panic!()
    };
    assert_eq!(event_type, "wave");
}

/// The starter's `npm test` finds no test on a version that it says it supports.
#[test]
fn weakness_19_every_file_of_tests_is_run_and_the_oldest_compiler_is_stated() {
    assert!(!env!("CARGO_PKG_RUST_VERSION").is_empty());
    let tests = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut looked_at = 0;
    for program in std::fs::read_dir(tests).unwrap().map(|entry| entry.unwrap().path()) {
        let Ok(main) = std::fs::read_to_string(program.join("main.rs")) else { continue };
        for file in std::fs::read_dir(&program).unwrap().map(|entry| entry.unwrap().path()) {
            let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
            let is_test = file.extension().is_some_and(|extension| extension == "rs") && name != "main";
            assert!(!is_test || main.contains(&format!("mod {name};")), "nothing runs {}", file.display());
            looked_at += u32::from(is_test);
        }
    }
    assert!(looked_at >= 10);
}
