//! The eleven races that the platform's own starter is tested for, and the ones that it is not.

use std::time::Duration;

use botornot_sdk::model::{ClientMessage, Guess};
use botornot_sdk::state::{
    Answer, Ending, Event, NotSent, Notice, Phase, Queue, SayOutcome, Settings, WhyVote, Wish,
};
use serde_json::json;

use super::stage::{LOBBY, PROBE, Stage, dated, reply, room_of};

fn challenge(stage: &mut Stage, token: &str) {
    let payload = json!({
        "body": "compliance check: echo probe_token in chat:message body",
        "probe_token": token,
        "sender_handle": "rando_AbCd12",
        "sender_kind": "human",
        "sender_role": "user",
        "mode": "direct",
    });
    stage.push(PROBE, "chat:message", payload);
}

fn sync(stage: &mut Stage) {
    stage.push(LOBBY, "room:sync", json!({ "room": PROBE }));
}

#[test]
fn race_1_a_match_that_ends_while_the_bot_thinks_gets_no_late_answer() {
    let mut stage = Stage::in_match("m1");
    stage.happens("m1", "chat:message", json!({ "from": "opponent", "body": "hi" }));
    stage.happens("m1", "match:ended", json!({}));
    stage.sent.clear();
    stage.say("m1", 1, "an answer to m1");
    assert_eq!(stage.said(), [(1, SayOutcome::NotSent(NotSent::MatchOver))]);
    // Nor does the next match.
    stage.start("m2");
    stage.say("m1", 2, "another answer to m1");
    stage.vote("m1", Guess::Agent);
    stage.wish(Wish::Typing { match_id: "m1".into(), typing: true });
    assert_eq!(stage.said()[1], (2, SayOutcome::NotSent(NotSent::MatchOver)));
    assert!(stage.sent.iter().all(|sent| sent.room.is_lobby()), "{:?}", stage.sent);
}

#[test]
fn race_2_a_vote_before_voting_is_open_is_held_and_sent_once() {
    let mut stage = Stage::in_lobby(Settings::default().queue(Queue::Test));
    stage.reply(json!({ "status": "queued" }));
    stage.start("test_x7YvQ");
    stage.vote("test_x7YvQ", Guess::Agent);
    assert!(stage.votes().is_empty());
    for _ in 0..2 {
        let phase = json!({ "chat_locked": false, "voted_by": "opponent", "must_vote": true });
        stage.happens("test_x7YvQ", "vote:phase", phase);
        assert_eq!(stage.votes(), [(room_of("test_x7YvQ"), Guess::Agent)]);
    }
    for _ in 0..2 {
        stage.happens("test_x7YvQ", "vote:ack", json!({ "guess": "agent" }));
        assert_eq!(
            stage.count(|notice| matches!(notice, Notice::VoteCounted { guess: Guess::Agent, .. })),
            1
        );
    }
    stage.pass(Duration::from_secs(60));
    assert_eq!(stage.votes().len(), 1);
}

#[test]
fn race_3_a_chat_without_match_started_begins_the_match() {
    for joined_first in [true, false] {
        let mut stage = Stage::queued();
        stage.found("m1");
        if joined_first {
            stage.joined(room_of("m1").as_str());
        }
        stage.happens("m1", "chat:message", json!({ "from": "opponent", "body": "anybody there?" }));
        assert_eq!(stage.phase(), Phase::InMatch);
        assert_eq!(stage.chats(), ["anybody there?"]);
        stage.say("m1", 1, "sure");
        assert_eq!(stage.last().message, ClientMessage::Chat { body: "sure".into() });
        stage.happens("m1", "match:started", json!({ "duration_sec": 120 }));
        assert_eq!(stage.count(|notice| matches!(notice, Notice::MatchStarted { assumed: true, .. })), 1);
        assert_eq!(stage.count(|notice| matches!(notice, Notice::MatchStarted { .. })), 1);
        assert_eq!(stage.count(|notice| matches!(notice, Notice::EndsAt { .. })), 1);
    }
}

#[test]
fn race_4_room_sync_is_joined_before_and_after_the_first_request() {
    // Before: the request waits for the check.
    let mut stage = Stage::new(Settings::default());
    stage.handle(Event::Opened);
    sync(&mut stage);
    stage.joins.clear();
    stage.joined(LOBBY);
    assert_eq!(stage.joins, [PROBE.into()]);
    assert_eq!(stage.phase(), Phase::ProbePending);
    sync(&mut stage);
    assert_eq!(stage.joins.len(), 1, "a repeated sync is no news");

    // After: the request is out already.
    let mut stage = Stage::in_lobby(Settings::default());
    assert_eq!(stage.sent_types(), ["match:request"]);
    sync(&mut stage);
    assert_eq!(stage.joins, [PROBE.into()]);
    assert_eq!(stage.phase(), Phase::ProbePending);
}

#[test]
fn race_5_the_configured_request_is_used_when_the_lobby_is_joined() {
    let mut stage = Stage::in_lobby(Settings::default());
    assert_eq!(stage.sent_types(), ["match:request"]);
    let mut stage = Stage::in_lobby(Settings::default().queue(Queue::Test));
    assert_eq!(stage.sent_types(), ["match:test_request"]);
    let mut stage = Stage::in_lobby(Settings::default().queue(None));
    assert!(stage.sent_types().is_empty());
    stage.wish(Wish::Queue(Queue::Rated));
    assert_eq!(stage.sent_types(), ["match:request"]);
}

#[test]
fn race_6_answers_to_a_test_request_mean_the_same() {
    for queue in [Queue::Rated, Queue::Test] {
        let settings = || Settings::default().queue(queue);
        for status in ["queued", "already_queued"] {
            let mut stage = Stage::in_lobby(settings());
            stage.reply(json!({ "status": status }));
            assert_eq!(stage.phase(), Phase::Queued);
        }
        let mut stage = Stage::in_lobby(settings());
        stage.reply(json!({ "status": "already_active", "room": room_of("test_1"), "match_id": "test_1" }));
        assert_eq!(stage.joins, [room_of("test_1")]);
        let mut stage = Stage::in_lobby(settings());
        stage.reply(json!({ "status": "probe_required", "room": PROBE }));
        assert_eq!(stage.joins, [PROBE.into()]);
        let mut stage = Stage::in_lobby(settings());
        stage.refuse(":rate_limited");
        assert_eq!(stage.count(|notice| matches!(notice, Notice::QueueRefused { .. })), 1);
        stage.sent.clear();
        stage.pass(Duration::from_secs(1));
        assert_eq!(stage.sent_types(), [queue.request().event_type()]);
    }
}

#[test]
fn race_7_challenge_then_echo_then_the_request_again() {
    let mut stage = Stage::in_lobby(Settings::default());
    stage.reply(json!({ "status": "probe_required", "room": PROBE }));
    stage.joined(PROBE);
    assert_eq!(stage.sent_types(), ["match:request"], "nothing to echo yet");
    challenge(&mut stage, "1a2b3c4d");
    assert_eq!(stage.last().message, ClientMessage::Chat { body: "1a2b3c4d".into() });
    assert_eq!(stage.last().room.as_str(), PROBE);
    assert_eq!(stage.sent.len(), 1, "the request waits for the echo to be accepted");
    stage.reply(json!({ "status": "ok" }));
    assert_eq!(stage.sent_types(), ["chat:message", "match:request"]);
    assert_eq!(stage.phase(), Phase::LobbyJoined);

    // An echo that is not answered at all, which the platform does not promise, holds nothing up.
    let mut stage = Stage::in_lobby(Settings::default());
    stage.reply(json!({ "status": "probe_required", "room": PROBE }));
    challenge(&mut stage, "1a2b3c4d");
    stage.sent.clear();
    stage.pass(Duration::from_secs(2));
    assert_eq!(stage.sent_types(), ["match:request"]);
}

#[test]
fn race_8_the_request_after_the_check_is_the_configured_one() {
    let mut stage = Stage::in_lobby(Settings::default().queue(Queue::Test));
    sync(&mut stage);
    stage.joined(PROBE);
    challenge(&mut stage, "1a2b3c4d");
    stage.reply(json!({}));
    assert_eq!(stage.sent_types(), ["match:test_request", "chat:message", "match:test_request"]);
}

#[test]
fn race_9_probe_required_takes_the_bot_out_of_waiting_and_into_the_room() {
    let mut stage = Stage::queued();
    stage.sent.clear();
    stage.pass(Duration::from_secs(30));
    assert_eq!(stage.sent_types(), ["match:request"], "in the queue the request is repeated");
    assert_eq!(stage.phase(), Phase::Queued);

    let mut stage = Stage::in_lobby(Settings::default());
    stage.reply(json!({ "status": "probe_required", "room": PROBE }));
    assert_eq!((stage.phase(), &stage.joins[..]), (Phase::ProbePending, &[PROBE.into()][..]));
    stage.joined(PROBE);
    stage.sent.clear();
    // No challenge comes: room and request are asked for again, once each while the platform is silent.
    stage.joins.clear();
    stage.pass(Duration::from_secs(11));
    assert_eq!((stage.joins.len(), stage.sent_types()), (1, vec!["match:request".to_owned()]));
    stage.joined(PROBE);
    // A server that sends one challenge a connection needs a new connection.
    stage.pass(Duration::from_secs(11));
    assert_eq!(stage.reconnects, 0);
    stage.joined(PROBE);
    stage.pass(Duration::from_secs(11));
    assert_eq!(stage.reconnects, 1);

    // As a reason it means the same.
    let mut stage = Stage::in_lobby(Settings::default());
    sync(&mut stage);
    stage.refuse("probe_required");
    assert_eq!(stage.phase(), Phase::ProbePending);
}

#[test]
fn race_10_a_repeated_challenge_is_echoed_once() {
    let mut stage = Stage::in_lobby(Settings::default());
    sync(&mut stage);
    stage.joined(PROBE);
    challenge(&mut stage, "1a2b3c4d");
    challenge(&mut stage, "1a2b3c4d");
    stage.reply(json!({ "status": "ok" }));
    challenge(&mut stage, "1a2b3c4d");
    assert_eq!(stage.sent_types(), ["match:request", "chat:message", "match:request"]);
}

#[test]
fn race_11_a_request_without_answer_is_made_again() {
    let mut stage = Stage::in_lobby(Settings::default().queue(Queue::Test));
    let first = stage.last().request;
    stage.pass(Duration::from_secs(5));
    assert_eq!(stage.sent_types(), ["match:test_request", "match:test_request"]);
    // A platform that is merely slow is understood all the same.
    stage.answer(first, Answer::Reply(reply(json!({ "status": "queued" }))));
    assert_eq!(stage.phase(), Phase::Queued);
}

// ---- beyond the eleven ---------------------------------------------------------------------------------------------

#[test]
fn only_the_newest_token_is_echoed() {
    let mut stage = Stage::in_lobby(Settings::default());
    sync(&mut stage);
    challenge(&mut stage, "old00000");
    challenge(&mut stage, "new00000");
    challenge(&mut stage, "old00000");
    assert_eq!(stage.echoes(), ["old00000", "new00000"]);

    // By the platform's dates, whatever the order of arrival.
    let mut stage = Stage::in_lobby(Settings::default());
    sync(&mut stage);
    for (token, at) in [("second00", "2026-03-03T00:00:02Z"), ("first000", "2026-03-03T00:00:01Z")] {
        let push = dated(PROBE, "chat:message", json!({ "body": "x", "probe_token": token }), at.into());
        stage.handle(Event::Pushed { push, wall: None });
    }
    assert_eq!(stage.echoes(), ["second00"]);
}

#[test]
fn an_invalid_token_waits_for_the_next_challenge_even_with_the_same_token() {
    for next in ["1a2b3c4d", "5e6f7a8b"] {
        let mut stage = Stage::in_lobby(Settings::default());
        sync(&mut stage);
        stage.joined(PROBE);
        challenge(&mut stage, "1a2b3c4d");
        stage.refuse(":invalid_probe_token");
        assert_eq!(stage.echoes(), ["1a2b3c4d"]);
        assert_eq!(stage.phase(), Phase::ProbePending);
        challenge(&mut stage, next);
        assert_eq!(stage.echoes(), ["1a2b3c4d", next]);
        stage.reply(json!({ "status": "ok" }));
        assert_eq!(stage.last().message, ClientMessage::MatchRequest);
    }
}

#[test]
fn a_refused_echo_without_another_challenge_is_tried_again_and_given_up_in_the_end() {
    let mut stage = Stage::in_lobby(Settings::default());
    sync(&mut stage);
    stage.joined(PROBE);
    challenge(&mut stage, "1a2b3c4d");
    stage.refuse(":invalid_probe_token");
    (stage.joins, stage.sent) = (Vec::new(), Vec::new());

    // Room and request are asked for anew first: the platform may have another token by now.
    stage.pass(Duration::from_secs(10));
    assert_eq!((stage.joins.len(), stage.echoes().len()), (1, 0));
    stage.joined(PROBE);
    stage.reply(json!({ "status": "probe_required", "room": PROBE }));
    // It has none, and still wants the check: the token is its newest.
    stage.pass(Duration::from_secs(10));
    stage.joined(PROBE);
    assert_eq!(stage.echoes(), ["1a2b3c4d"]);

    // That goes on, with ever longer waits; then it ends.
    let mut stage = Stage::in_lobby(Settings::default());
    sync(&mut stage);
    stage.joined(PROBE);
    challenge(&mut stage, "1a2b3c4d");
    let (mut answered, mut seconds) = (0, 0);
    while stage.given_up.is_empty() {
        for sent in stage.sent.split_off(answered) {
            stage.sent.push(sent);
            answered = stage.sent.len();
            if stage.last().room.as_str() == PROBE {
                stage.refuse(":invalid_probe_token");
            } else {
                stage.reply(json!({ "status": "probe_required", "room": PROBE }));
            }
        }
        if stage.joins.pop().is_some() {
            stage.joined(PROBE);
        }
        stage.pass(Duration::from_secs(1));
        seconds += 1;
        assert!(seconds < 7_200, "it never gives up");
    }
    let minutes = seconds / 60;
    assert_eq!(stage.given_up, [16]);
    assert!((20..60).contains(&minutes), "{minutes} minutes");
    assert!((4..8).contains(&stage.echoes().len()), "{:?}", stage.echoes());
    assert!(stage.machine.is_done());
    stage.sent.clear();
    stage.pass(Duration::from_secs(3_600));
    assert_eq!((stage.sent.len(), stage.given_up.len()), (0, 1), "nothing more is asked for");
}

/// Challenges with a new token, and gives how many seconds later it is echoed.
fn seconds_to_echo(stage: &mut Stage, token: &str) -> u64 {
    challenge(stage, token);
    (0..400)
        .find(|_| {
            let echoed = stage.echoes().iter().any(|echo| echo == token);
            if !echoed {
                stage.pass(Duration::from_secs(1));
            }
            echoed
        })
        .expect("it is echoed")
}

#[test]
fn who_refuses_every_echo_is_not_flooded_and_who_takes_one_is_forgiven() {
    let mut stage = Stage::in_lobby(Settings::default());
    sync(&mut stage);
    let mut waits = Vec::new();
    for round in 0..16 {
        assert!(stage.given_up.is_empty());
        waits.push(seconds_to_echo(&mut stage, &format!("token{round:02}")));
        stage.refuse(":invalid_probe_token");
    }
    assert_eq!(waits, [0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300, 300]);
    assert_eq!(stage.given_up, [16]);

    let mut stage = Stage::in_lobby(Settings::default());
    sync(&mut stage);
    for round in 0..6 {
        seconds_to_echo(&mut stage, &format!("token{round:02}"));
        if round < 5 {
            stage.refuse(":invalid_probe_token");
        }
    }
    stage.reply(json!({ "status": "ok" }));
    stage.reply(json!({ "status": "queued" }));
    sync(&mut stage);
    assert_eq!(seconds_to_echo(&mut stage, "another"), 0);
}

#[test]
fn already_active_is_resumed_from_the_reply_and_a_silent_room_still_ends_in_a_vote() {
    let mut stage = Stage::in_lobby(Settings::default());
    stage.reply(json!({ "status": "already_active", "room": room_of("m1"), "match_id": "m1" }));
    assert_eq!(stage.joins, [room_of("m1")]);
    stage.joined(room_of("m1").as_str());
    assert_eq!(stage.phase(), Phase::MatchJoined);
    stage.pass(Duration::from_secs(29));
    assert!(stage.votes().is_empty());
    assert_eq!(
        stage.count(|notice| matches!(notice, Notice::VoteWanted { why: WhyVote::DeadlineNear, .. })),
        1
    );
    stage.pass(Duration::from_secs(1));
    assert_eq!(stage.votes(), [(room_of("m1"), Guess::Human)]);
}

#[test]
fn repeated_news_of_a_match_changes_nothing() {
    let mut stage = Stage::in_match("m1");
    let line = || {
        let body = json!({ "from": "opponent", "body": "hello" });
        dated(room_of("m1").as_str(), "chat:message", body, "2026-03-02T00:00:05Z".into())
    };
    for _ in 0..3 {
        stage.found("m1");
        stage.joined(room_of("m1").as_str());
        stage.happens("m1", "match:started", json!({ "duration_sec": 240 }));
        stage.handle(Event::Pushed { push: line(), wall: None });
        stage.pass(Duration::from_secs(5));
    }
    assert_eq!(stage.chats(), ["hello"]);
    assert!(stage.joins.is_empty());
    for once in [
        stage.count(|notice| matches!(notice, Notice::MatchFound { .. })),
        stage.count(|notice| matches!(notice, Notice::MatchJoined { .. })),
        stage.count(|notice| matches!(notice, Notice::MatchStarted { .. })),
    ] {
        assert_eq!(once, 1);
    }
    // The end has not moved away either: 232 s after the beginning the vote is cast.
    stage.pass(Duration::from_secs(232 - 15));
    assert_eq!(stage.votes().len(), 1);
    // After the end, nothing opens it again.
    stage.happens("m1", "match:ended", json!({}));
    stage.reply(json!({ "status": "queued" }));
    stage.found("m1");
    stage.happens("m1", "match:started", json!({}));
    assert!(stage.joins.is_empty());
    assert_eq!((stage.phase(), stage.endings()), (Phase::Queued, vec![("m1".to_owned(), Ending::Ended)]));
}

#[test]
fn the_same_words_said_twice_are_two_messages() {
    let mut stage = Stage::in_match("m1");
    let body = || json!({ "from": "opponent", "body": "lol" });
    stage.happens("m1", "chat:message", body());
    stage.happens("m1", "chat:message", body());
    assert_eq!(stage.chats(), ["lol"], "without a date and at once: delivered twice");
    stage.pass(Duration::from_secs(3));
    stage.happens("m1", "chat:message", body());
    assert_eq!(stage.chats(), ["lol", "lol"]);
}

#[test]
fn the_bots_own_words_are_told_apart_whatever_the_platform_calls_it() {
    for word in ["self", "you", "agent:sniper"] {
        let mut stage = Stage::in_match("m1");
        stage.say("m1", 1, "hi there");
        stage.happens("m1", "chat:message", json!({ "from": word, "body": "hi there" }));
        stage.happens("m1", "chat:message", json!({ "from": "opponent", "body": "hi there" }));
        assert_eq!(stage.chats(), ["hi there"]);
        assert_eq!(stage.count(|notice| matches!(notice, Notice::Chat { own: true, .. })), 1);
    }
    // A word for the opponent that this version does not know does not silence the bot.
    let mut stage = Stage::in_match("m1");
    stage.happens("m1", "chat:message", json!({ "from": "player_2", "body": "hey" }));
    assert_eq!(stage.chats(), ["hey"]);
}

#[test]
fn a_locked_chat_takes_nothing() {
    let mut stage = Stage::in_match("m1");
    stage.happens("m1", "vote:phase", json!({ "chat_locked": true, "voted_by": "opponent" }));
    stage.sent.clear();
    stage.say("m1", 1, "wait");
    stage.wish(Wish::Typing { match_id: "m1".into(), typing: true });
    assert!(stage.sent.is_empty());
    assert_eq!(stage.said(), [(1, SayOutcome::NotSent(NotSent::ChatLocked))]);
    stage.happens("m1", "vote:phase", json!({ "chat_locked": false }));
    stage.say("m1", 2, "on we go");
    assert_eq!(stage.sent_types(), ["chat:message"]);
}

#[test]
fn the_next_match_is_asked_for_in_the_moment_of_the_end() {
    let mut stage = Stage::in_match("m1");
    stage.sent.clear();
    stage.happens("m1", "match:ended", json!({}));
    assert_eq!(stage.sent_types(), ["match:request"]);
    // The platform may not have cleared the match away yet.
    let request = json!({ "status": "already_active", "room": room_of("m1"), "match_id": "m1" });
    stage.sent.clear();
    let mut stage = Stage::in_match("m1");
    stage.happens("m1", "match:ended", json!({}));
    stage.reply(request);
    assert!(stage.joins.is_empty());
    stage.sent.clear();
    stage.pass(Duration::from_secs(1));
    assert_eq!(stage.sent_types(), ["match:request"]);
}

#[test]
fn a_reveal_may_come_after_the_end_and_an_end_may_never_come() {
    let mut stage = Stage::in_match("m1");
    stage.happens("m1", "match:ended", json!({}));
    stage.happens("m1", "match:reveal", json!({ "correct": true }));
    stage.happens("m1", "match:reveal", json!({ "correct": true }));
    assert_eq!(stage.count(|notice| matches!(notice, Notice::Reveal { .. })), 1);

    let mut stage = Stage::in_match("m1");
    stage.happens("m1", "match:reveal", json!({ "correct": true }));
    stage.pass(Duration::from_secs(10));
    assert_eq!(stage.endings(), [("m1".to_owned(), Ending::Ended)]);
}

#[test]
fn a_match_that_the_platform_has_forgotten_is_left() {
    // Refused at the door.
    let mut stage = Stage::queued();
    stage.found("m1");
    let reason = Some(botornot_sdk::Reason::read(":not_found"));
    stage.handle(Event::JoinRefused { room: room_of("m1"), reason });
    assert_eq!(stage.endings(), [("m1".to_owned(), Ending::Lost)]);
    stage.sent.clear();
    stage.pass(Duration::from_secs(1));
    assert_eq!(stage.sent_types(), ["match:request"]);

    // Silent after the door: the platform is asked, and says that the bot waits in the queue.
    let mut stage = Stage::queued();
    stage.found("m1");
    stage.joined(room_of("m1").as_str());
    stage.sent.clear();
    stage.pass(Duration::from_secs(45));
    assert_eq!(stage.last().message, ClientMessage::MatchRequest);
    stage.reply(json!({ "status": "already_queued" }));
    assert_eq!((stage.endings(), stage.phase()), (vec![("m1".to_owned(), Ending::Lost)], Phase::Queued));
}

#[test]
fn a_late_reply_does_not_cost_the_match_that_was_found_meanwhile() {
    let mut stage = Stage::in_lobby(Settings::default());
    let request = stage.last().request;
    stage.start("m1");
    stage.answer(request, Answer::Reply(reply(json!({ "status": "queued" }))));
    assert_eq!(stage.phase(), Phase::InMatch);
}

#[test]
fn another_match_is_entered_only_when_the_platform_confirms_it() {
    let mut stage = Stage::in_match("m1");
    stage.sent.clear();
    stage.found("m2");
    assert_eq!((stage.phase(), stage.sent_types()), (Phase::InMatch, vec!["match:request".to_owned()]));
    let mut stage = Stage::in_match("m1");
    stage.found("m2");
    stage.reply(json!({ "status": "already_active", "room": room_of("m1"), "match_id": "m1" }));
    assert_eq!(stage.machine.current_match().map(ToString::to_string).as_deref(), Some("m1"));
    let mut stage = Stage::in_match("m1");
    stage.found("m2");
    stage.reply(json!({ "status": "already_active", "room": room_of("m2"), "match_id": "m2" }));
    assert_eq!(stage.joins, [room_of("m2")]);
    assert_eq!(stage.endings(), [("m1".to_owned(), Ending::Lost)]);
}

#[test]
fn a_bot_that_drains_finishes_its_match_and_takes_no_other() {
    let mut stage = Stage::in_match("m1");
    stage.wish(Wish::Drain);
    stage.handle(Event::Closed);
    stage.sent.clear();
    stage.connect();
    assert_eq!(stage.joins, [room_of("m1")], "it goes back without asking for a match");
    assert!(stage.sent.is_empty());
    stage.joined(room_of("m1").as_str());
    stage.happens("m1", "match:ended", json!({}));
    assert!(stage.sent.is_empty() && stage.machine.is_done());
    stage.found("m2");
    assert_eq!(stage.count(|notice| matches!(notice, Notice::MatchDeclined { .. })), 1);
    assert!(stage.machine.is_idle());
}

#[test]
fn as_many_matches_are_played_as_wanted() {
    let mut stage = Stage::in_lobby(Settings::default().matches(2));
    for id in ["m1", "m2"] {
        stage.reply(json!({ "status": "queued" }));
        stage.start(id);
        stage.happens(id, "match:ended", json!({}));
    }
    assert_eq!(stage.count(|notice| matches!(notice, Notice::Done)), 1);
    assert!(stage.machine.is_done());
    assert_eq!(stage.sent_types(), ["match:request", "match:request"]);
}

#[test]
fn a_lost_connection_in_every_state_is_got_over() {
    type Reach = fn() -> Stage;
    let states: [(Phase, Reach); 6] = [
        (Phase::SocketOpen, || {
            let mut stage = Stage::new(Settings::default());
            stage.handle(Event::Opened);
            stage
        }),
        (Phase::LobbyJoined, || Stage::in_lobby(Settings::default())),
        (Phase::ProbePending, || {
            let mut stage = Stage::in_lobby(Settings::default());
            sync(&mut stage);
            stage
        }),
        (Phase::Queued, Stage::queued),
        (Phase::MatchJoined, || {
            let mut stage = Stage::queued();
            stage.found("m1");
            stage.joined(room_of("m1").as_str());
            stage
        }),
        (Phase::InMatch, || Stage::in_match("m1")),
    ];
    for (phase, reach) in states {
        let mut stage = reach();
        assert_eq!(stage.phase(), phase);
        stage.handle(Event::Closed);
        assert_eq!(stage.phase(), Phase::Offline);
        stage.sent.clear();
        stage.joins.clear();
        stage.pass(Duration::from_secs(20));
        assert!(stage.sent.is_empty() && stage.joins.is_empty(), "nothing is sent without a connection");
        stage.connect();
        assert_eq!(stage.last().message, ClientMessage::MatchRequest);
        if stage.machine.is_idle() {
            stage.reply(json!({ "status": "queued" }));
            stage.start("m9");
        } else {
            assert!(stage.joins.is_empty(), "the platform says first that it still knows the match");
            stage.reply(json!({ "status": "already_active", "room": room_of("m1"), "match_id": "m1" }));
            assert_eq!(stage.joins, [room_of("m1")]);
            stage.joined(room_of("m1").as_str());
            assert_eq!(stage.phase(), phase);
            assert_eq!(stage.count(|notice| matches!(notice, Notice::MatchJoined { resumed: true, .. })), 1);
        }
    }
}

#[test]
fn a_reconnect_after_which_the_match_is_gone_goes_on_with_the_queue() {
    let mut stage = Stage::in_match("m1");
    stage.say("m1", 1, "on its way");
    stage.handle(Event::Closed);
    assert_eq!(stage.said(), [(1, SayOutcome::Unanswered)]);
    stage.say("m1", 2, "too early");
    assert_eq!(stage.said()[1], (2, SayOutcome::NotSent(NotSent::NotConnected)));
    stage.connect();
    stage.reply(json!({ "status": "queued" }));
    assert_eq!((stage.endings(), stage.phase()), (vec![("m1".to_owned(), Ending::Lost)], Phase::Queued));
}
