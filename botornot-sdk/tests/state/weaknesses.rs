//! What the platform's own starter gets wrong, by the numbers of the crate's list; those of the connection are in
//! `tests/live/connection.rs`. What is the player's (pacing, several messages at once) is tested with the player.

use std::time::Duration;

use botornot_sdk::model::{ClientMessage, Guess, ServerFrame};
use botornot_sdk::state::{Action, Event, NotSent, Notice, Phase, SayOutcome, Settings, VotedBy};
use botornot_sdk::{Client, Reason};
use serde_json::json;

use super::stage::{LOBBY, PROBE, Stage, dated, room_of};

#[test]
fn weakness_1_a_bot_votes_first_and_at_the_deadline_without_being_asked() {
    let mut stage = Stage::in_match("m1");
    stage.vote("m1", Guess::Agent);
    assert_eq!(stage.votes().len(), 1);
    // Nobody votes, and nobody asks: the machine does not let the match end without a vote.
    let mut stage = Stage::in_match("m1");
    stage.pass(Duration::from_secs(233));
    assert_eq!(stage.votes().len(), 1);
}

#[test]
fn weakness_2_the_next_match_is_asked_for_at_once() {
    let mut stage = Stage::in_match("m1");
    let actions = stage.machine.handle(
        Event::Pushed {
            push: super::stage::pushed(room_of("m1").as_str(), "match:ended", json!({})),
            wall: None,
        },
        stage.now(),
    );
    let asks = |action: &Action| matches!(action, Action::Send { message: ClientMessage::MatchRequest, .. });
    assert!(actions.iter().any(asks), "{actions:?}");
}

#[test]
fn weakness_3_a_late_answer_never_reaches_another_match_nor_another_connection() {
    let mut stage = Stage::in_match("m1");
    stage.happens("m1", "match:ended", json!({}));
    stage.start("m2");
    stage.sent.clear();
    stage.say("m1", 1, "for m1");
    stage.handle(Event::Closed);
    stage.say("m2", 2, "from before the disconnect");
    stage.connect();
    let outcomes = [NotSent::MatchOver, NotSent::NotConnected].map(SayOutcome::NotSent);
    assert_eq!(stage.said(), [(1, outcomes[0].clone()), (2, outcomes[1].clone())]);
    assert!(!stage.sent.iter().any(|sent| matches!(sent.message, ClientMessage::Chat { .. })));
}

#[test]
fn weakness_8_a_text_that_was_rejected_is_told_so_that_it_can_be_said_again() {
    let mut stage = Stage::in_match("m1");
    stage.say("m1", 1, "hi");
    stage.refuse(":rate_limited");
    assert_eq!(stage.said(), [(1, SayOutcome::Refused(Reason::RateLimited))]);
    stage.say("m1", 2, "hi");
    stage.reply(json!({ "status": "ok" }));
    assert_eq!(stage.said()[1], (2, SayOutcome::Delivered));
}

#[test]
fn weakness_9_a_rejected_vote_goes_out_as_soon_as_voting_opens() {
    let mut stage = Stage::in_match("m1");
    stage.vote("m1", Guess::Agent);
    stage.refuse(":vote_not_open");
    stage.pass(Duration::from_millis(100));
    stage.happens("m1", "vote:phase", json!({ "must_vote": true }));
    assert_eq!(stage.votes().len(), 2);
}

#[test]
fn weakness_10_a_bot_that_thinks_too_long_does_not_lose_its_vote() {
    // Asked twelve seconds before the end, it does not answer in fifteen.
    let mut stage = Stage::in_match("m1");
    stage.pass(Duration::from_secs(228));
    stage.happens("m1", "vote:phase", json!({ "voted_by": "opponent", "must_vote": true }));
    stage.pass(Duration::from_secs(5));
    assert_eq!(stage.votes().len(), 1);
    assert_eq!(stage.count(|notice| matches!(notice, Notice::VoteCast { by: VotedBy::Fallback, .. })), 1);
}

#[test]
fn weakness_11_repeated_deliveries_neither_answer_twice_nor_wipe_the_match() {
    let mut stage = Stage::in_match("m1");
    for _ in 0..2 {
        let line = json!({ "from": "opponent", "body": "hello" });
        let push = dated(room_of("m1").as_str(), "chat:message", line, "2026-03-02T00:00:05Z".into());
        stage.handle(Event::Pushed { push, wall: None });
        stage.happens("m1", "match:started", json!({ "duration_sec": 240 }));
        stage.found("m1");
    }
    assert_eq!((stage.chats().len(), stage.phase()), (1, Phase::InMatch));
    stage.pass(Duration::from_secs(233));
    assert_eq!(stage.votes().len(), 1, "the deadline is still there");
}

#[test]
fn weakness_13_an_invalid_probe_token_is_no_dead_end() {
    let mut stage = Stage::in_lobby(Settings::default());
    stage.push(LOBBY, "room:sync", json!({ "room": PROBE }));
    let challenge = json!({ "body": "echo", "probe_token": "1a2b3c4d" });
    stage.push(PROBE, "chat:message", challenge.clone());
    stage.refuse(":invalid_probe_token");
    stage.push(PROBE, "chat:message", challenge.clone());
    assert_eq!(stage.echoes().len(), 2, "the same token is echoed again after it was refused");
    // Nothing comes at all: room and request are asked for again.
    stage.refuse(":invalid_probe_token");
    stage.sent.clear();
    stage.joins.clear();
    stage.pass(Duration::from_secs(10));
    assert_eq!(
        (stage.joins.clone(), stage.sent_types()),
        (vec![PROBE.into()], vec!["match:request".to_owned()])
    );
}

#[test]
fn weakness_14_a_resumed_room_that_stays_silent_ends_in_a_vote_and_is_not_left() {
    let mut stage = Stage::in_lobby(Settings::default());
    let active = json!({ "status": "already_active", "room": room_of("m1"), "match_id": "m1" });
    stage.reply(active.clone());
    stage.joined(room_of("m1").as_str());
    stage.joins.clear();
    for _ in 0..4 {
        stage.pass(Duration::from_secs(20));
        if stage.last().message == ClientMessage::MatchRequest {
            stage.reply(active.clone());
        }
    }
    assert!(!stage.votes().is_empty());
    assert!(stage.joins.is_empty() && stage.endings().is_empty());
}

#[test]
fn weakness_15_half_a_character_in_a_frame_is_an_error_and_none_is_ever_sent() {
    // As a UTF-16 program writes a text that it cut in the middle of a character.
    let text = r#"{"room":"room:x","type":"chat:message","payload":{"from":"opponent","body":"hi \ud83d"}}"#;
    let error = ServerFrame::decode(&text.into()).unwrap_err();
    assert!(error.to_string().contains("chat:message") || error.code().id() == "not_json", "{error}");
    let message = ClientMessage::Chat { body: "hi 🙂".chars().take(4).collect() };
    let frame = message.to_frame("1", &room_of("m1")).unwrap();
    assert!(frame.contains("hi 🙂") && !frame.contains("\\u"));
}

#[test]
fn weakness_20_settings_are_checked() {
    let field = |change: fn(&mut Settings)| {
        let mut settings = Settings::default();
        change(&mut settings);
        settings.check().unwrap_err().field().map(str::to_owned)
    };
    assert_eq!(field(|settings| settings.vote_margin = Duration::ZERO).as_deref(), Some("vote_margin"));
    assert_eq!(field(|settings| settings.recheck = Duration::from_secs(1 << 30)).as_deref(), Some("recheck"));
    assert_eq!(field(|settings| settings.ask_margin = Duration::from_secs(1)).as_deref(), Some("ask_margin"));
    assert_eq!(field(|settings| settings.matches = Some(0)).as_deref(), Some("matches"));
    let error = Client::builder("t").url("ws://localhost").call_timeout(Duration::ZERO).build().unwrap_err();
    assert_eq!(error.field(), Some("call_timeout"));
}

#[test]
fn weakness_21_reveal_rating_and_seal_are_told() {
    let mut stage = Stage::in_match("m1");
    stage.push(LOBBY, "meta:state", json!({ "seal_integrity": 0.7, "breach_count": 3, "last_reason": null }));
    stage.push(LOBBY, "leaderboard:state", json!({ "top": [{ "name": "ORACLE" }] }));
    stage.happens("m1", "match:reveal", json!({ "rating_delta": -7, "new_rating": 1093 }));
    stage.happens("m1", "meta:delta", json!({ "delta": -0.1, "seal_integrity": 0.6 }));
    let told = |is: fn(&Notice) -> bool| stage.count(is);
    assert_eq!(told(|n| matches!(n, Notice::MetaState(state) if state.breach_count == Some(3.0))), 1);
    assert_eq!(told(|n| matches!(n, Notice::Leaderboard(state) if state.top.len() == 1)), 1);
    assert_eq!(
        told(|n| matches!(n, Notice::Reveal { reveal, .. } if reveal.rating_before() == Some(1100.0))),
        1
    );
    assert_eq!(told(|n| matches!(n, Notice::MetaDelta(delta) if delta.seal_integrity == Some(0.6))), 1);
}
