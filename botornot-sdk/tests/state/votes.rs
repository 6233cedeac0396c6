//! Every match gets its vote: the bot's if it decides, once, in time.

use std::time::Duration;

use botornot_sdk::model::Guess;
use botornot_sdk::state::{Event, Notice, Settings, VotedBy, WhyVote, Wish};
use serde_json::json;

use super::stage::{Stage, dated, room_of};

fn by(stage: &Stage) -> Vec<VotedBy> {
    let by = |notice: &Notice| match notice {
        Notice::VoteCast { by, .. } => Some(*by),
        _ => None,
    };
    stage.told.iter().filter_map(by).collect()
}

fn whys(stage: &Stage) -> Vec<WhyVote> {
    let why = |notice: &Notice| match notice {
        Notice::VoteWanted { why, .. } => Some(*why),
        _ => None,
    };
    stage.told.iter().filter_map(why).collect()
}

#[test]
fn the_bot_may_vote_first() {
    let mut stage = Stage::in_match("m1");
    stage.vote("m1", Guess::Agent);
    assert_eq!(stage.votes(), [(room_of("m1"), Guess::Agent)]);
    stage.vote("m1", Guess::Human);
    stage.reply(json!({ "status": "ok" }));
    stage.vote("m1", Guess::Human);
    stage.pass(Duration::from_secs(239));
    assert_eq!((stage.votes().len(), by(&stage)), (1, vec![VotedBy::Bot]), "a vote is cast once");
    assert_eq!(stage.count(|notice| matches!(notice, Notice::VoteCounted { .. })), 1);
}

#[test]
fn a_vote_before_the_beginning_is_held() {
    let mut stage = Stage::queued();
    stage.found("m1");
    stage.vote("m1", Guess::Human);
    stage.joined(room_of("m1").as_str());
    stage.vote("m1", Guess::Agent);
    assert!(stage.votes().is_empty());
    stage.happens("m1", "match:started", json!({ "duration_sec": 240 }));
    assert_eq!(stage.votes(), [(room_of("m1"), Guess::Agent)], "the last word before it was sent counts");
}

#[test]
fn a_bot_that_does_not_decide_votes_as_it_leaned_or_as_configured() {
    let mut stage = Stage::in_match("m1");
    stage.pass(Duration::from_secs(219));
    assert!(whys(&stage).is_empty());
    stage.pass(Duration::from_secs(1));
    assert_eq!(whys(&stage), [WhyVote::DeadlineNear]);
    stage.wish(Wish::Lean { match_id: "m1".into(), guess: Guess::Agent });
    stage.pass(Duration::from_secs(11));
    assert!(stage.votes().is_empty());
    stage.pass(Duration::from_secs(1));
    assert_eq!((stage.votes(), by(&stage)), (vec![(room_of("m1"), Guess::Agent)], vec![VotedBy::Leaning]));

    let mut stage = Stage::in_lobby(Settings::default().fallback(Guess::Agent));
    stage.reply(json!({ "status": "queued" }));
    stage.start("m1");
    stage.pass(Duration::from_secs(232));
    assert_eq!((stage.votes(), by(&stage)), (vec![(room_of("m1"), Guess::Agent)], vec![VotedBy::Fallback]));
}

#[test]
fn the_more_pressing_reason_asks_again() {
    let mut stage = Stage::in_match("m1");
    stage.happens("m1", "vote:phase", json!({ "voted_by": "opponent", "must_vote": false }));
    stage.happens("m1", "vote:phase", json!({ "voted_by": "opponent", "must_vote": false }));
    stage.happens("m1", "vote:phase", json!({ "voted_by": "opponent", "must_vote": true }));
    stage.happens("m1", "vote:phase", json!({ "voted_by": "opponent", "must_vote": true }));
    assert_eq!(whys(&stage), [WhyVote::OpponentVoted, WhyVote::MustVote]);
    stage.vote("m1", Guess::Human);
    stage.happens("m1", "vote:phase", json!({ "voted_by": "opponent", "must_vote": true }));
    assert_eq!((whys(&stage).len(), stage.votes().len()), (2, 1));
}

#[test]
fn a_vote_that_is_not_open_is_sent_again_when_it_is() {
    let mut stage = Stage::in_match("m1");
    stage.vote("m1", Guess::Agent);
    stage.refuse(":vote_not_open");
    stage.pass(Duration::from_secs(20));
    assert_eq!(stage.votes().len(), 1);
    stage.happens("m1", "vote:phase", json!({ "voted_by": "opponent", "must_vote": true }));
    assert_eq!(stage.votes().len(), 2);

    // It opened while the refusal was on its way.
    let mut stage = Stage::in_match("m1");
    stage.vote("m1", Guess::Agent);
    stage.happens("m1", "vote:phase", json!({ "voted_by": "opponent", "must_vote": true }));
    stage.refuse(":vote_not_open");
    assert_eq!(stage.votes().len(), 2);

    // Nobody says that it opened: before the end it is tried again.
    let mut stage = Stage::in_match("m1");
    stage.vote("m1", Guess::Agent);
    stage.refuse(":vote_not_open");
    stage.pass(Duration::from_secs(232));
    assert_eq!(stage.votes().len(), 2);
}

#[test]
fn a_vote_whose_answer_is_lost_is_sent_again_unchanged() {
    let mut stage = Stage::in_match("m1");
    stage.vote("m1", Guess::Agent);
    let first = stage.last().request;
    stage.pass(Duration::from_secs(5));
    assert_eq!(stage.votes().len(), 2);
    stage.handle(Event::Closed);
    stage.connect();
    stage.reply(json!({ "status": "already_active", "room": room_of("m1"), "match_id": "m1" }));
    stage.joined(room_of("m1").as_str());
    assert_eq!(stage.votes(), vec![(room_of("m1"), Guess::Agent); 3]);
    // Whichever of them is answered, it counts.
    stage.answer(first, botornot_sdk::state::Answer::Reply(super::stage::reply(json!({ "status": "ok" }))));
    stage.pass(Duration::from_secs(60));
    assert_eq!(stage.votes().len(), 3);
}

#[test]
fn a_vote_that_can_not_be_is_not_sent_for_ever() {
    let mut stage = Stage::in_match("m1");
    stage.vote("m1", Guess::Agent);
    stage.refuse(":agent_cannot_vote");
    stage.pass(Duration::from_secs(239));
    assert_eq!(stage.votes().len(), 1);
    assert_eq!(stage.count(|notice| matches!(notice, Notice::VoteRefused { retried: false, .. })), 1);

    let mut stage = Stage::in_match("m1");
    stage.vote("m1", Guess::Agent);
    stage.refuse(":rate_limited");
    stage.pass(Duration::from_secs(1));
    assert_eq!(stage.votes().len(), 2);
}

#[test]
fn the_end_is_where_the_platforms_own_clock_puts_it() {
    // The platform's clock is an hour ahead of ours, and a minute of the match is gone.
    let mut stage = Stage::queued();
    stage.found("m1");
    stage.joined(room_of("m1").as_str());
    let payload = json!({ "ends_at": "2026-03-02T01:04:00Z", "duration_sec": 240 });
    let push = dated(room_of("m1").as_str(), "match:started", payload, "2026-03-02T01:01:00Z".into());
    stage.handle(Event::Pushed { push, wall: None });
    stage.pass(Duration::from_secs(171));
    assert!(stage.votes().is_empty());
    stage.pass(Duration::from_secs(1));
    assert_eq!(stage.votes().len(), 1);
}

#[test]
fn a_short_match_leaves_the_bot_most_of_it() {
    let mut stage = Stage::queued();
    stage.found("m1");
    stage.joined(room_of("m1").as_str());
    stage.happens("m1", "match:started", json!({ "duration_sec": 8 }));
    stage.pass(Duration::from_millis(6_900));
    assert!(stage.votes().is_empty());
    stage.pass(Duration::from_millis(200));
    assert_eq!(stage.votes().len(), 1);
}
