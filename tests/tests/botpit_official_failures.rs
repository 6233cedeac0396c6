//! What the official BOTPIT SDKs were seen to do wrong, each as a test of what this one does. In the order: all three of
//! them, the Rust one, the TypeScript one, the Python one.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "these are tests"
)]

mod platform;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use botpit_sdk::games::rps::{Choice, Rps};
use botpit_sdk::model::{ClientMessage, GameType, MatchId, SendTaunt, Side, TauntId};
use botpit_sdk::{
    Client, Event, EventHandler, Handle, Lamports, MoveData, Outcome, Result, RoundResult, Sent,
    SpectatorEvent, Turn,
};
use platform::{KEY, MATCH, ME, Platform, the_end, until, your_turn};
use sdk_core::error::codes;
use sdk_core::socket::State;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout};
use tokio_tungstenite::tungstenite::{Bytes, Message};

const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

fn turn_of(event: &Event) -> Option<Turn> {
    match event {
        Event::YourTurn(turn) => Some(turn.clone()),
        _ => None,
    }
}

fn decode_error(event: &Event) -> Option<botpit_sdk::Error> {
    match event {
        Event::DecodeError(error) => Some(error.clone()),
        _ => None,
    }
}

fn lost(event: &Event) -> Option<botpit_sdk::Error> {
    match event {
        Event::Disconnected { cause } => Some(cause.clone()),
        _ => None,
    }
}

fn found(event: &Event) -> Option<MatchId> {
    match event {
        Event::MatchFound(found) => Some(found.match_id.clone()),
        _ => None,
    }
}

fn wager() -> Lamports {
    "0.01 SOL".parse().unwrap()
}

// ---- all three ----------------------------------------------------------------------------------------------------

/// Official SDKs: a key that is refused after the first success is retried for ever.
#[tokio::test(start_paused = true)]
async fn a_key_refused_after_a_success_is_final() {
    let platform = Platform::open().await;
    let (_bot, mut events, seat) = platform.meet(&platform.client()).await;
    seat.vanishes();
    let mut seat = platform.upgraded().await;
    seat.hears("authenticate").await;
    seat.says(r#"{"type":"error","code":"auth_failed","message":"Invalid API key"}"#).await;
    let reason = the_end(&mut events).await.expect("a reason");
    assert_eq!(*reason.code(), codes::AUTH_REJECTED);
    platform.is_left_alone(secs(3600)).await;
}

/// Official SDKs: a server that says nothing any more is never noticed, and unanswered pings neither.
#[tokio::test(start_paused = true)]
async fn a_silent_server_is_noticed_within_thirty_seconds() {
    let platform = Platform::open().await;
    let (_bot, mut events, seat) = platform.meet(&platform.client()).await;
    let silent_since = Instant::now();
    let cause = until(&mut events, lost).await;
    assert_eq!(*cause.code(), codes::SERVER_SILENT);
    assert!(silent_since.elapsed() <= secs(30), "{:?}", silent_since.elapsed());
    drop(seat);
}

/// Official SDKs: after a reconnect nobody joins the queue again.
#[tokio::test(start_paused = true)]
async fn the_queue_is_joined_again_after_a_reconnect_and_once() {
    let platform = Platform::open().await;
    let (bot, _events, mut seat) = platform.meet(&platform.client()).await;
    let (joined, ()) = tokio::join!(bot.join_queue(GameType::Rps, wager()), async {
        seat.hears("join_queue").await;
        seat.says(r#"{"type":"queue_joined","game_type":"rps","position":1}"#).await;
    });
    joined.unwrap();
    seat.vanishes();
    let mut seat = platform.seated().await;
    assert_eq!(seat.hears("join_queue").await["wager_lamports"], 10_000_000);
    seat.hears_nothing(secs(60)).await;
}

/// Official SDKs: examples that queue when connected queue a second time while their match goes on.
#[tokio::test(start_paused = true)]
async fn nobody_queues_after_a_reconnect_while_the_match_goes_on() {
    let platform = Platform::open().await;
    let (bot, mut events, mut seat) = platform.meet(&platform.client()).await;
    let (joined, ()) = tokio::join!(bot.join_queue(GameType::Rps, wager()), async {
        seat.hears("join_queue").await;
        seat.starts(MATCH).await;
    });
    joined.unwrap();
    until(&mut events, found).await;
    seat.vanishes();
    let mut seat = platform.seated().await;
    seat.says(format!(r#"{{"type":"game_start","match_id":"{MATCH}","your_side":"a"}}"#)).await;
    seat.asks(MATCH, 1, 10_000).await;
    let turn = until(&mut events, turn_of).await;
    bot.make_move(&turn, Choice::Rock).await.unwrap();
    seat.hears("make_move").await;
    seat.hears_nothing(secs(600)).await;
}

/// Official SDKs: a move that was decided during an outage is lost. Here it goes out when the platform asks again, and
/// also when the platform does not.
#[tokio::test(start_paused = true)]
async fn a_move_decided_during_an_outage_is_sent_after_it_and_once() {
    for asks_again in [true, false] {
        let platform = Platform::open().await;
        let (bot, mut events, mut seat) = platform.meet(&platform.client()).await;
        seat.starts(MATCH).await;
        seat.asks(MATCH, 1, 20_000).await;
        let turn = until(&mut events, turn_of).await;
        seat.vanishes();
        until(&mut events, lost).await;
        bot.make_move(&turn, Choice::Paper).await.unwrap();
        let mut seat = platform.seated().await;
        if asks_again {
            seat.asks(MATCH, 1, 8_000).await;
        }
        assert_eq!(seat.hears("make_move").await["move_data"], json!({ "choice": "paper" }));
        seat.hears_nothing(secs(30)).await;
    }
}

/// Official SDKs: after an outage a move is sent without a look at its deadline.
#[tokio::test(start_paused = true)]
async fn a_move_whose_time_ran_out_during_an_outage_is_not_sent() {
    let platform = Platform::open().await;
    let (bot, mut events, mut seat) = platform.meet(&platform.client()).await;
    seat.starts(MATCH).await;
    seat.asks(MATCH, 1, 5_000).await;
    let turn = until(&mut events, turn_of).await;
    seat.vanishes();
    until(&mut events, lost).await;
    bot.make_move(&turn, Choice::Paper).await.unwrap();
    let seat = platform.dialled().await;
    sleep(secs(5)).await; // the upgrade takes its time
    drop(seat);
    let mut seat = platform.seated().await;
    seat.hears_nothing(secs(60)).await;
}

/// Official SDKs: a move that comes too late is sent all the same.
#[tokio::test(start_paused = true)]
async fn a_late_move_is_told_and_not_sent() {
    let platform = Platform::open().await;
    let (bot, mut events, mut seat) = platform.meet(&platform.client()).await;
    seat.starts(MATCH).await;
    seat.asks(MATCH, 1, 2_000).await;
    let turn = until(&mut events, turn_of).await;
    sleep(secs(3)).await;
    bot.make_move(&turn, Choice::Rock).await.unwrap();
    let told = until(&mut events, |event| match event {
        Event::MoveNotSent { match_id, round, .. } => Some((match_id.clone(), *round)),
        _ => None,
    })
    .await;
    assert_eq!(told, (MatchId::from(MATCH), 1));
    seat.hears_nothing(secs(30)).await;
}

/// Official SDKs: jitter is added after the cap, so "at most 30 s" becomes 37.
#[tokio::test(start_paused = true)]
async fn no_wait_between_two_dials_is_longer_than_the_cap() {
    let platform = Platform::open().await;
    let client = platform.client();
    let (_bot, mut events, seat) = platform.meet(&client).await;
    seat.vanishes();
    drop(platform);
    let mut longest = Duration::ZERO;
    for _ in 0..200 {
        let delay = until(&mut events, |event| match event {
            Event::Reconnecting { delay, .. } => Some(*delay),
            _ => None,
        })
        .await;
        longest = longest.max(delay);
    }
    assert!((secs(20)..=secs(30)).contains(&longest), "{longest:?}");
}

/// Official SDKs: the code and the reason of a close are thrown away; in the Python one a clean close is not told at all.
#[tokio::test(start_paused = true)]
async fn every_close_is_told_with_its_code_and_reason() {
    for code in [1000, 1001, 1011, 4100] {
        let platform = Platform::open().await;
        let (_bot, mut events, mut seat) = platform.meet(&platform.client()).await;
        seat.starts(MATCH).await;
        until(&mut events, found).await;
        seat.closes(code, "see you at noon").await;
        let cause = until(&mut events, lost).await;
        assert_eq!(cause.close_code(), Some(code));
        assert!(cause.message().contains("see you at noon"), "{cause}");
        platform.seated().await;
    }
}

/// Official SDKs: what is sent as a move is not looked at.
#[test]
fn a_move_that_is_no_json_object_is_refused_before_it_is_sent() {
    for wrong in ["", "{", "rock", "{\"choice\":\"rock\"}}"] {
        assert_eq!(*MoveData::raw(wrong).unwrap_err().code(), codes::INVALID_ARGUMENT, "{wrong}");
    }
    assert_eq!(MoveData::from(Choice::Rock).as_json(), r#"{"choice":"rock"}"#);
}

/// Official SDKs: wagers are floats. The Python one sends 1,710 of these 99,999 a lamport too low, and a NaN or a
/// negative number becomes free play in the Rust one.
#[test]
fn wagers_are_exact_to_the_lamport() {
    for k in 1..=99_999_u64 {
        let parsed: Lamports = format!("0.{k:05} SOL").parse().unwrap();
        assert_eq!(parsed.as_lamports(), k * 10_000);
    }
    assert_eq!("1.001 SOL".parse::<Lamports>().unwrap().as_lamports(), 1_001_000_000);
    for wrong in ["NaN SOL", "-0.01 SOL", "inf SOL", "0.01", "10000000", "1e7 lamports", "0.0000000001 SOL"] {
        assert!(wrong.parse::<Lamports>().is_err(), "{wrong}");
    }
}

/// Official SDKs: their READMEs read any winner as "we won", so that the loser prints WON.
#[tokio::test(start_paused = true)]
async fn who_won_is_told_from_the_agents_own_side() {
    let platform = Platform::open().await;
    let (_bot, mut events, mut seat) = platform.meet(&platform.client()).await;
    for (winner, outcome) in [
        (format!("\"{ME}\""), Outcome::Won),
        ("\"agent-uuid-b\"".into(), Outcome::Lost),
        ("null".into(), Outcome::Draw),
    ] {
        let id = format!("match-{outcome}");
        seat.starts(&id).await;
        seat.says(format!(
            r#"{{"type":"game_over","match_id":"{id}","winner":{winner},"final_score":[2,1]}}"#
        ))
        .await;
        let over = until(&mut events, |event| match event {
            Event::GameOver(over) => Some(over.clone()),
            _ => None,
        })
        .await;
        assert_eq!((over.outcome, over.payout), (outcome, None));
    }
}

/// Official SDKs: none of them can watch a match.
#[tokio::test(start_paused = true)]
async fn a_match_is_watched_as_a_stream_of_its_own() {
    let platform = Platform::open().await;
    let (bot, _events, mut seat) = platform.meet(&platform.client()).await;
    let mut watched = bot.spectate(&MatchId::from(MATCH)).await.unwrap();
    assert_eq!(seat.hears("spectate_match").await["match_id"], MATCH);
    let update =
        |event: &str| format!(r#"{{"type":"spectate_update","match_id":"{MATCH}","event":{event}}}"#);
    seat.says(update(r#"{"round":1,"move_a":"rock","move_b":"scissors","round_winner":"agent-uuid-a"}"#))
        .await;
    let event = timeout(secs(60), watched.next()).await.unwrap();
    assert!(matches!(event, Some(SpectatorEvent::RoundResult(_))), "{event:?}");
    drop(watched);
    assert_eq!(seat.hears("stop_spectating").await, json!({"type": "stop_spectating"}), "it has no id");
}

/// Official SDKs: after a key is rotated they try the old one for ever.
#[tokio::test(start_paused = true)]
async fn a_replaced_key_is_what_the_next_connection_uses() {
    let platform = Platform::open().await;
    let (bot, _events, mut seat) = platform.meet(&platform.client()).await;
    bot.replace_key("bp_live_newkey789").unwrap();
    seat.is_left().await;
    let mut seat = platform.upgraded().await;
    assert_eq!(seat.hears("authenticate").await["api_key"], "bp_live_newkey789");
}

/// Official SDKs: every command is sent and forgotten; what the platform says to it is another event.
#[tokio::test(start_paused = true)]
async fn a_command_has_the_platforms_answer() {
    let platform = Platform::open().await;
    let (bot, _events, mut seat) = platform.meet(&platform.client()).await;
    let (made, ()) = tokio::join!(bot.create_challenge(GameType::Coinflip, wager()), async {
        seat.hears("create_challenge").await;
        seat.says(r#"{"type":"challenge_created","challenge_id":"challenge-uuid","game_type":"coinflip","wager_lamports":10000000}"#).await;
    });
    assert_eq!(made.unwrap().id.as_str(), "challenge-uuid");
    let others = "challenge-of-another".into();
    let (taken, ()) = tokio::join!(bot.accept_challenge(&others), async {
        seat.hears("accept_challenge").await;
        seat.says(r#"{"type":"error","code":"unknown_challenge","message":"it is gone"}"#).await;
    });
    assert_eq!(taken.unwrap_err().platform_code_str(), Some("unknown_challenge"));
}

/// Official SDKs send a second taunt in a round, which the platform refuses.
#[tokio::test(start_paused = true)]
async fn a_second_taunt_in_a_round_is_not_sent() {
    let platform = Platform::open().await;
    let (bot, mut events, mut seat) = platform.meet(&platform.client()).await;
    seat.starts(MATCH).await;
    until(&mut events, found).await;
    let id = MatchId::from(MATCH);
    bot.send_taunt(&id, TauntId::Gg).await.unwrap();
    assert_eq!(*bot.send_taunt(&id, TauntId::Wp).await.unwrap_err().code(), codes::LIMIT_REACHED);
    assert_eq!(seat.hears("send_taunt").await["taunt_id"], "gg");
    seat.hears_nothing(secs(60)).await;
}

// ---- the Rust one -------------------------------------------------------------------------------------------------

/// Official Rust SDK: a character of several bytes at byte 200 of a message that is no JSON kills its task for good.
#[tokio::test(start_paused = true)]
async fn a_multi_byte_character_at_byte_200_of_nonsense_is_survived() {
    let platform = Platform::open().await;
    let (_bot, mut events, mut seat) = platform.meet(&platform.client()).await;
    for character in ["é", "€", "🦀"] {
        for filler in 190..=200 {
            seat.says("x".repeat(filler) + character + "and so on, for a while, and not as JSON").await;
            let error = until(&mut events, decode_error).await;
            assert_eq!(*error.code(), codes::NOT_JSON);
        }
    }
    seat.starts(MATCH).await;
    until(&mut events, found).await;
}

/// Official Rust SDK: a ping, or any message before `authenticated`, means that it never authenticates.
#[tokio::test(start_paused = true)]
async fn a_ping_or_a_word_of_welcome_before_authenticated_is_no_obstacle() {
    let platform = Platform::open().await;
    let client = platform.client();
    let (connected, mut seat) = tokio::join!(client.connect(), async {
        let mut seat = platform.upgraded().await;
        seat.sends(Message::Ping(Bytes::from_static(b"are you there"))).await;
        seat.says(r#"{"type":"welcome","motd":"Good luck"}"#).await;
        seat.says("and something else").await;
        seat.hears("authenticate").await;
        seat.welcome().await;
        seat
    });
    let (_bot, mut events) = connected.unwrap();
    assert_eq!(seat.next().await, Some(Message::Pong(Bytes::from_static(b"are you there"))));
    let unknown = until(&mut events, |event| match event {
        Event::Unknown(message) => Some(message.message_type.clone()),
        _ => None,
    })
    .await;
    assert_eq!(unknown, "welcome");
    seat.starts(MATCH).await;
    until(&mut events, found).await;
    platform.is_left_alone(secs(1)).await;
}

/// Official Rust SDK: its event channel has no bound; a flood with a slow consumer took 631 MB.
#[tokio::test(start_paused = true)]
async fn a_flood_with_a_slow_consumer_is_bounded_and_told() {
    const FLOOD: u64 = 50_000;
    let platform = Platform::open().await;
    let client = platform.builder().event_queue(100, 1 << 20).build().unwrap();
    let (_bot, mut events, mut seat) = platform.meet(&client).await;
    seat.starts(MATCH).await;
    for round in 0..FLOOD {
        seat.says(format!(
            r#"{{"type":"opponent_moved","match_id":"{MATCH}","round":{round},"move_data":{{}}}}"#
        ))
        .await;
    }
    seat.asks(MATCH, 1, 10_000).await;
    sleep(secs(1)).await;
    let (mut kept, mut missing) = (0, 0);
    until(&mut events, |event| {
        match event {
            Event::OpponentMoved { .. } => kept += 1,
            Event::Lagged { dropped, .. } => missing += dropped,
            _ => {}
        }
        turn_of(event)
    })
    .await;
    assert!(kept <= 100, "{kept}");
    // The dial and the greeting, told before anybody took events, may be among what is missing.
    assert!((FLOOD..FLOOD + 5).contains(&(kept + missing)), "{kept} kept, {missing} missing");
}

/// Official Rust SDK: `disconnect()` during an outage logs in again first.
#[tokio::test(start_paused = true)]
async fn a_close_during_an_outage_ends_at_once_without_logging_in() {
    let platform = Platform::open().await;
    let (bot, mut events, seat) = platform.meet(&platform.client()).await;
    seat.vanishes();
    until(&mut events, lost).await;
    let asked = Instant::now();
    bot.close().await.unwrap();
    bot.closed().await;
    assert!(the_end(&mut events).await.is_none());
    assert_eq!(asked.elapsed(), Duration::ZERO);
    platform.is_left_alone(secs(3600)).await;
}

/// Official Rust SDK: handles that are dropped during an outage leave a task that reconnects for ever.
#[tokio::test(start_paused = true)]
async fn handles_dropped_during_an_outage_leave_nothing() {
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let platform = Platform::open().await;
    let (bot, mut events, seat) = platform.meet(&platform.client()).await;
    seat.vanishes();
    until(&mut events, lost).await;
    assert!(tasks() > 0);
    drop((bot, events));
    platform.is_left_alone(secs(3600)).await;
    assert_eq!(tasks(), 0);
}

/// Official Rust SDK: when `authenticate` cannot be written, it dials again without a pause.
#[tokio::test(start_paused = true)]
async fn there_is_no_dial_without_a_pause() {
    let platform = Platform::open().await;
    let client = platform.client();
    let bot = tokio::spawn(async move { client.connect().await.map(|_| ()) });
    let began = Instant::now();
    for _ in 0..30 {
        let socket = platform.dialled().await;
        socket.set_zero_linger().unwrap();
    }
    assert!(began.elapsed() > secs(60), "thirty dials in {:?}", began.elapsed());
    bot.abort();
}

/// Official Rust SDK: a game that it does not know, or none at all, becomes Coinflip.
#[tokio::test(start_paused = true)]
async fn an_unknown_game_never_becomes_coinflip() {
    let platform = Platform::open().await;
    let (_bot, mut events, mut seat) = platform.meet(&platform.client()).await;
    seat.says(r#"{"type":"match_found","match_id":"m-1","game_type":"tic_tac_toe","opponent_id":"b","wager_lamports":1,"server_seed_hash":"00"}"#).await;
    let game = until(&mut events, |event| match event {
        Event::MatchFound(found) => Some(found.game_type.clone()),
        _ => None,
    })
    .await;
    assert_eq!(game.as_str(), "tic_tac_toe");
    assert!(!game.is_known());
    seat.says(r#"{"type":"match_found","match_id":"m-2","opponent_id":"b","wager_lamports":1,"server_seed_hash":"00"}"#).await;
    let error = until(&mut events, decode_error).await;
    assert!(error.to_string().contains("game_type"), "{error}");
}

/// Official Rust SDK: a side that is missing becomes A.
#[tokio::test(start_paused = true)]
async fn a_missing_side_never_becomes_a() {
    let platform = Platform::open().await;
    let (_bot, mut events, mut seat) = platform.meet(&platform.client()).await;
    for wrong in [
        format!(r#"{{"type":"game_start","match_id":"{MATCH}"}}"#),
        format!(r#"{{"type":"game_start","match_id":"{MATCH}","your_side":"c"}}"#),
    ] {
        seat.says(wrong).await;
        let error = until(&mut events, decode_error).await;
        assert!(error.to_string().contains("your_side"), "{error}");
    }
    seat.asks(MATCH, 1, 10_000).await;
    assert_eq!(until(&mut events, turn_of).await.side, None::<Side>);
}

/// Official Rust SDK: what is missing becomes 0 or "", what is too large wraps, and a score of floats becomes `[0, 0]`.
#[tokio::test(start_paused = true)]
async fn what_is_missing_or_wrong_is_never_made_up() {
    let platform = Platform::open().await;
    let (_bot, mut events, mut seat) = platform.meet(&platform.client()).await;
    for (wrong, field) in [
        (r#"{"type":"your_turn","round":1,"game_state":{},"timeout_ms":1}"#, "match_id"),
        (r#"{"type":"your_turn","match_id":"m","game_state":{},"timeout_ms":1}"#, "round"),
        (r#"{"type":"your_turn","match_id":"m","round":-1,"game_state":{},"timeout_ms":1}"#, "round"),
        (r#"{"type":"your_turn","match_id":"m","round":4294967297,"game_state":{},"timeout_ms":1}"#, "round"),
        (
            r#"{"type":"your_turn","match_id":"m","round":1,"game_state":{},"timeout_ms":"soon"}"#,
            "timeout_ms",
        ),
        (r#"{"type":"round_result","match_id":"m","round":1,"result":{},"score":[1.5,0.5]}"#, "score"),
        (r#"{"type":"game_over","match_id":"m","final_score":[2,1]}"#, "winner"),
        (r#"{"type":"game_over","match_id":"m","winner":null,"payout_lamports":-1}"#, "payout_lamports"),
    ] {
        seat.says(wrong).await;
        let error = until(&mut events, decode_error).await;
        assert_eq!(*error.code(), codes::DECODE_FAILED);
        assert!(error.to_string().contains(field), "{error}");
    }
    seat.hears_nothing(secs(30)).await;
}

/// Official Rust SDK: commands are fire and forget, also when nobody is left to carry them out.
#[tokio::test(start_paused = true)]
async fn a_command_after_the_end_is_an_error_that_says_unsent() {
    let platform = Platform::open().await;
    let (bot, mut events, mut seat) = platform.meet(&platform.client()).await;
    seat.starts(MATCH).await;
    seat.asks(MATCH, 1, 10_000).await;
    let turn = until(&mut events, turn_of).await;
    bot.close().await.unwrap();
    seat.is_left().await;
    the_end(&mut events).await;
    for outcome in [
        bot.make_move(&turn, Choice::Rock).await,
        bot.resign(&turn.match_id).await,
        bot.join_queue(GameType::Rps, wager()).await.map(|_| ()),
    ] {
        let error = outcome.unwrap_err();
        assert_eq!((error.code().id(), error.sent()), (codes::CLIENT_CLOSED.id(), Sent::No));
    }
}

/// Official Rust SDK: a message in a binary frame is ignored.
#[tokio::test(start_paused = true)]
async fn a_turn_in_a_binary_frame_is_a_turn() {
    let platform = Platform::open().await;
    let (_bot, mut events, mut seat) = platform.meet(&platform.client()).await;
    seat.sends(Message::binary(vec![0xff, 0xfe])).await;
    until(&mut events, decode_error).await;
    seat.sends(Message::binary(your_turn(MATCH, 1, 10_000))).await;
    assert_eq!(until(&mut events, turn_of).await.round, 1);
}

/// Official Rust SDK: Nagle's algorithm stays on, and the second of two commands arrives 41 ms later. In real time,
/// because the delay is the kernel's.
#[tokio::test]
async fn two_commands_back_to_back_arrive_together() {
    let platform = Platform::open().await;
    let (bot, mut events, mut seat) = platform.meet(&platform.client()).await;
    seat.starts(MATCH).await;
    let mut gaps = Vec::new();
    for round in 1..=5 {
        seat.asks(MATCH, round, 10_000).await;
        let turn = until(&mut events, turn_of).await;
        let taunt = ClientMessage::SendTaunt(SendTaunt::new(turn.match_id.clone(), TauntId::from("gg")));
        let (_, gap) = tokio::join!(
            async {
                bot.make_move(&turn, Choice::Rock).await.unwrap();
                tokio::task::yield_now().await; // the move is on its way
                bot.send(taunt).await.unwrap();
            },
            async {
                seat.hears("make_move").await;
                let moved = std::time::Instant::now();
                seat.hears("send_taunt").await;
                moved.elapsed()
            }
        );
        seat.says(format!(
            r#"{{"type":"round_result","match_id":"{MATCH}","round":{round},"result":{{}},"score":[0,0]}}"#
        ))
        .await;
        gaps.push(gap);
    }
    gaps.sort_unstable();
    assert!(gaps[2] < Duration::from_millis(20), "{gaps:?}");
}

/// Official Rust SDK: `session_replaced` neither closes the socket nor ends the events.
#[tokio::test(start_paused = true)]
async fn a_replaced_session_ends_with_its_reason_and_leaves() {
    let platform = Platform::open().await;
    let (_bot, mut events, mut seat) = platform.meet(&platform.client()).await;
    seat.says(r#"{"type":"session_replaced"}"#).await;
    seat.is_left().await;
    assert_eq!(*the_end(&mut events).await.expect("a reason").code(), codes::SESSION_REPLACED);
    platform.is_left_alone(secs(3600)).await;
}

// ---- the TypeScript one -------------------------------------------------------------------------------------------

/// Official TypeScript SDK: the timer of a greeting that failed closes the healthy connection after it, ten seconds on.
#[tokio::test(start_paused = true)]
async fn the_timer_of_a_lost_greeting_does_not_kill_the_next_connection() {
    let platform = Platform::open().await;
    let client = platform.client();
    let (connected, mut seat) = tokio::join!(client.connect(), async {
        let mut first = platform.upgraded().await;
        first.hears("authenticate").await;
        first.vanishes();
        platform.seated().await
    });
    let (bot, _events) = connected.unwrap();
    seat.hears_nothing(secs(60)).await;
    assert_eq!(*bot.state().borrow(), State::Connected);
}

/// Official TypeScript SDK: a first `connect()` that was refused goes on in the background, so that a second one makes
/// two sessions and two queue joins.
#[tokio::test(start_paused = true)]
async fn connecting_again_after_a_refusal_gives_one_session() {
    let platform = Platform::open().await;
    let client = platform.client();
    let (refused, _kept_open) = tokio::join!(client.connect(), async {
        let mut seat = platform.upgraded().await;
        seat.hears("authenticate").await;
        seat.says(r#"{"type":"error","code":"auth_failed","message":"Invalid API key"}"#).await;
        seat
    });
    assert_eq!(*refused.unwrap_err().code(), codes::AUTH_REJECTED);
    let (bot, _events, mut seat) = platform.meet(&client).await;
    let (joined, ()) = tokio::join!(bot.join_queue(GameType::Rps, wager()), async {
        seat.hears("join_queue").await;
        seat.says(r#"{"type":"queue_joined","game_type":"rps","position":1}"#).await;
    });
    joined.unwrap();
    tokio::join!(seat.hears_nothing(secs(600)), platform.is_left_alone(secs(600)));
}

/// Official TypeScript SDK: what is sent on a connection that is open and not yet authenticated goes out at once.
#[tokio::test(start_paused = true)]
async fn nothing_is_sent_before_the_key_is_accepted() {
    let platform = Platform::open().await;
    let (bot, mut events, seat) = platform.meet(&platform.client()).await;
    seat.vanishes();
    until(&mut events, lost).await;
    let mut seat = platform.upgraded().await;
    seat.hears("authenticate").await;
    let waiting = tokio::spawn({
        let bot = bot.clone();
        async move { bot.join_queue(GameType::Rps, wager()).await }
    });
    let taunt = ClientMessage::SendTaunt(SendTaunt::new(MatchId::from(MATCH), TauntId::Gg));
    for refused in [
        bot.send(taunt).await.unwrap_err(),
        bot.accept_challenge(&"challenge-uuid".into()).await.unwrap_err(),
    ] {
        assert_eq!((refused.code().id(), refused.sent()), (codes::NOT_CONNECTED.id(), Sent::No));
    }
    seat.hears_nothing(secs(5)).await;
    seat.welcome().await;
    seat.hears("join_queue").await;
    seat.says(r#"{"type":"queue_joined","game_type":"rps","position":1}"#).await;
    waiting.await.unwrap().unwrap();
}

/// Official TypeScript SDK: handlers are not awaited, so that a move overtakes the events before it.
#[tokio::test(start_paused = true)]
async fn the_handlers_of_a_match_run_one_after_the_other() {
    #[derive(Default)]
    struct Slow(Arc<Mutex<Vec<u32>>>);

    impl EventHandler for Slow {
        async fn on_round_result(&self, _: &Handle, result: RoundResult) {
            sleep(Duration::from_millis(500)).await;
            self.0.lock().unwrap().push(result.round);
        }

        async fn on_your_turn(&self, _: &Handle, turn: Turn) -> Result<MoveData> {
            self.0.lock().unwrap().push(turn.round);
            Ok(Choice::Rock.into())
        }
    }

    let platform = Platform::open().await;
    let client = platform.client();
    let order = Arc::<Mutex<Vec<u32>>>::default();
    let handler = Slow(order.clone());
    let bot = tokio::spawn(async move { client.run(handler).await });
    let mut seat = platform.seated().await;
    seat.starts(MATCH).await;
    for round in 1..=40 {
        seat.says(format!(
            r#"{{"type":"round_result","match_id":"{MATCH}","round":{round},"result":{{}},"score":[0,0]}}"#
        ))
        .await;
    }
    let asked = Instant::now();
    seat.asks(MATCH, 41, 60_000).await;
    seat.hears("make_move").await;
    assert!(asked.elapsed() >= secs(19), "{:?}", asked.elapsed());
    assert_eq!(*order.lock().unwrap(), (1..=41).collect::<Vec<_>>());
    bot.abort();
}

/// Official TypeScript SDK: printing the client prints the key.
#[tokio::test(start_paused = true)]
async fn printing_the_client_and_all_it_makes_shows_no_key() {
    let platform = Platform::open().await;
    let client = platform.client();
    let play = client.play::<Rps, _>(|_: &_| Choice::Rock).wager(wager());
    let mut shown = format!("{client:?} {client:#?} {play:?} {play:#?}");
    let (bot, mut events, mut seat) = platform.meet(&client).await;
    seat.says(r#"{"type":"error","code":"auth_failed","message":"bad"}"#).await;
    let reason = the_end(&mut events).await.expect("a reason");
    shown += &format!("{bot:?} {events:?} {reason} {reason:?} {}", reason.chain());
    assert!(!shown.contains(KEY) && !shown.contains("a1b2c3d4e5f6"), "{shown}");
}

/// Official TypeScript SDK: `spectate_update` and messages of unknown types never reach the bot.
#[tokio::test(start_paused = true)]
async fn what_is_watched_and_what_is_unknown_reaches_the_bot() {
    let platform = Platform::open().await;
    let (_bot, mut events, mut seat) = platform.meet(&platform.client()).await;
    seat.says(format!(r#"{{"type":"spectate_update","match_id":"{MATCH}","event":{{"round":1}}}}"#)).await;
    seat.says(r#"{"type":"season_started","season":7}"#).await;
    let event = until(&mut events, |event| match event {
        Event::SpectateUpdate { event, .. } => Some(event.as_str().to_owned()),
        _ => None,
    })
    .await;
    assert_eq!(event, r#"{"round":1}"#);
    let unknown = until(&mut events, |event| match event {
        Event::Unknown(message) => Some(message.text.as_str().to_owned()),
        _ => None,
    })
    .await;
    assert_eq!(unknown, r#"{"type":"season_started","season":7}"#);
}

// ---- the Python one -----------------------------------------------------------------------------------------------

/// Official Python SDK: JSON that is no object drops the connection, and leaves its socket open.
#[tokio::test(start_paused = true)]
async fn json_that_is_no_object_is_told_and_survived() {
    let platform = Platform::open().await;
    let (_bot, mut events, mut seat) = platform.meet(&platform.client()).await;
    for odd in ["[]", "null", "42", "\"hi\"", "true", "{}", "", " ", r#"{"type":7}"#, r#"[{"type":"pong"}]"#]
    {
        seat.says(odd).await;
        let error = until(&mut events, decode_error).await;
        assert!(matches!(error.code().id(), "decode_failed" | "not_json"), "{odd}: {error}");
    }
    seat.starts(MATCH).await;
    until(&mut events, found).await;
}

/// Official Python SDK: deeply nested JSON is a recursion error that drops the connection.
#[tokio::test(start_paused = true)]
async fn deeply_nested_json_is_survived() {
    const DEPTH: usize = 100_000;
    let platform = Platform::open().await;
    let (_bot, mut events, mut seat) = platform.meet(&platform.client()).await;
    let nested = "[".repeat(DEPTH) + &"]".repeat(DEPTH);
    seat.says(nested.clone()).await;
    until(&mut events, decode_error).await;
    seat.says(format!(r#"{{"type":"novelty","data":{nested}}}"#)).await;
    seat.says(your_turn(MATCH, 1, 10_000).replace("[]", &nested)).await;
    seat.says("{\"type\":".repeat(DEPTH)).await;
    seat.asks(MATCH, 2, 10_000).await;
    until(&mut events, |event| turn_of(event).filter(|turn| turn.round == 2)).await;
}

/// Official Python SDK: a message of more than 1 MiB drops the connection, and with a server that does not answer the
/// close it was back after 20.9 s.
#[tokio::test(start_paused = true)]
async fn a_message_over_one_mebibyte_costs_two_seconds_at_most_or_nothing_where_it_is_allowed() {
    let padded = |size: usize| {
        let message = r#"{"type":"novelty"}"#;
        format!("{message}{}", " ".repeat(size - message.len()))
    };
    let platform = Platform::open().await;
    let (_bot, mut events, mut seat) = platform.meet(&platform.client()).await;
    let is_unknown = |event: &Event| matches!(event, Event::Unknown(_)).then_some(());
    seat.says(padded(1 << 20)).await;
    until(&mut events, is_unknown).await;
    let began = Instant::now();
    // The client goes while the rest of the message is still on its way.
    let _ = futures_util::SinkExt::send(&mut seat.0, Message::text(padded((1 << 20) + 1))).await;
    let cause = until(&mut events, lost).await;
    assert_eq!(*cause.code(), codes::MESSAGE_TOO_LARGE);
    let _next = platform.seated().await; // `seat` is still there, and answers nothing
    assert!(began.elapsed() <= secs(2), "{:?}", began.elapsed());

    let client = platform.builder().max_message(4 << 20).build().unwrap();
    let (_bot, mut events, mut seat) = platform.meet(&client).await;
    seat.says(padded(3 << 20)).await;
    until(&mut events, is_unknown).await;
}

/// Official Python SDK: while a slow handler ran, 1 of 80 pings was answered.
#[tokio::test(start_paused = true)]
async fn a_slow_handler_answers_all_pings() {
    struct Slow;

    impl EventHandler for Slow {
        async fn on_round_result(&self, _: &Handle, _: RoundResult) {
            sleep(Duration::from_millis(500)).await;
        }

        async fn on_your_turn(&self, _: &Handle, _: Turn) -> Result<MoveData> {
            Ok(Choice::Rock.into())
        }
    }

    let platform = Platform::open().await;
    let client = platform.client();
    let bot = tokio::spawn(async move { client.run(Slow).await });
    let mut seat = platform.seated().await;
    seat.starts(MATCH).await;
    for round in 1..=40 {
        seat.says(format!(
            r#"{{"type":"round_result","match_id":"{MATCH}","round":{round},"result":{{}},"score":[0,0]}}"#
        ))
        .await;
    }
    for ping in 0..80_u8 {
        seat.sends(Message::Ping(Bytes::copy_from_slice(&[ping]))).await;
        let pong = timeout(Duration::from_millis(50), seat.next()).await.expect("a pong in time");
        assert_eq!(pong, Some(Message::Pong(Bytes::copy_from_slice(&[ping]))));
        sleep(Duration::from_millis(100)).await;
    }
    bot.abort();
}

/// Official Python SDK: `run()` retries a refused key for ever.
#[tokio::test(start_paused = true)]
async fn running_with_a_refused_key_ends_with_the_reason() {
    let platform = Platform::open().await;
    let client = platform.client();
    let play = client.play::<Rps, _>(|_: &_| Choice::Rock).wager(wager()).run();
    let (ended, _kept_open) = tokio::join!(play, async {
        let mut seat = platform.upgraded().await;
        seat.hears("authenticate").await;
        seat.says(r#"{"type":"error","code":"auth_failed","message":"Invalid API key"}"#).await;
        seat
    });
    assert_eq!(*ended.unwrap_err().error().code(), codes::AUTH_REJECTED);
    platform.is_left_alone(secs(3600)).await;
}

/// Official Python SDK: an error without a code is a missing key in the bot's handler.
#[tokio::test(start_paused = true)]
async fn an_error_without_a_code_reaches_the_bot() {
    let platform = Platform::open().await;
    let (_bot, mut events, mut seat) = platform.meet(&platform.client()).await;
    for wordless in [r#"{"type":"error","message":"no such thing"}"#, r#"{"type":"error"}"#] {
        seat.says(wordless).await;
        let error = until(&mut events, |event| match event {
            Event::Error(error) => Some(error.clone()),
            _ => None,
        })
        .await;
        assert_eq!((error.code().id(), error.platform_code_str()), (codes::REJECTED.id(), None));
    }
}

/// Official Python SDK: as side B its Blotto example never moves, because the terrain is null there.
#[tokio::test(start_paused = true)]
async fn the_blotto_state_of_side_b_is_a_state() {
    let platform = Platform::open().await;
    let (bot, mut events, mut seat) = platform.meet(&platform.client()).await;
    seat.says(format!(
        r#"{{"type":"your_turn","match_id":"{MATCH}","round":1,"game_state":{{"round":1,"score":[0,0],"rounds_to_win":2,"history":[],"terrain_bonus_a":null,"remaining_budget":15}},"timeout_ms":15000}}"#
    ))
    .await;
    let turn = until(&mut events, turn_of).await;
    let state: Value = turn.state_as().unwrap();
    assert_eq!(state["terrain_bonus_a"], Value::Null);
    bot.make_move(&turn, MoveData::raw(r#"{"bid":5}"#).unwrap()).await.unwrap();
    assert_eq!(seat.hears("make_move").await["move_data"], json!({ "bid": 5 }));
}

/// The other direction of the delay of 41 ms: what the sandbox says in several messages arrives together, also at a client
/// that left Nagle's algorithm on. In real time, because the delay would be the kernel's.
#[tokio::test]
async fn what_the_sandbox_says_arrives_together() {
    use futures_util::{SinkExt, StreamExt};

    let sandbox =
        botpit_sdk::sandbox::Sandbox::builder().house_wait(Duration::from_millis(1)).start().await.unwrap();
    let key = sandbox.register("impatient").unwrap();
    let address = sandbox.server().addr();
    let socket = tokio::net::TcpStream::connect(address).await.unwrap();
    let (mut ws, _) = tokio_tungstenite::client_async(sandbox.ws_url().as_str(), socket).await.unwrap();
    let authenticate = json!({ "type": "authenticate", "api_key": key.expose() });
    ws.send(Message::text(authenticate.to_string())).await.unwrap();
    ws.next().await.unwrap().unwrap();
    let queue = json!({ "type": "join_queue", "game_type": "rps", "wager_lamports": 10_000_000 });
    ws.send(Message::text(queue.to_string())).await.unwrap();
    let mut found_at = None;
    loop {
        let message = ws.next().await.unwrap().unwrap().into_text().unwrap();
        if message.contains("match_found") {
            found_at = Some(std::time::Instant::now());
        } else if message.contains("your_turn") {
            let gap = found_at.expect("the match was found first").elapsed();
            assert!(gap < Duration::from_millis(20), "{gap:?}");
            return;
        }
    }
}

/// A client needs a host that somebody chose: the official SDKs have the platform's production host as their default.
#[test]
fn there_is_no_default_host() {
    assert_eq!(*Client::builder(KEY).build().unwrap_err().code(), codes::INVALID_CONFIG);
}
