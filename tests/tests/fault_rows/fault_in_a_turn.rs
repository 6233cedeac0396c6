//! Rows 6, 7, 10, 17, 18 and 19: what becomes of a move.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use botpit_sdk::model::GameType;
use botpit_sdk::sandbox::{Fault, OnTimeout, Resume, When};
use botpit_sdk::{Client, Connected, Event, EventHandler, GameOver, Handle, MoveData, Result, Turn};
use sdk_core::error::Error;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};
use tokio_tungstenite::tungstenite::Message;

use super::player::{Door, Plan, Seen, play};
use super::scene::{Baseline, Scene, bounded, seeds};
use super::scripted::{Heard, Scripted, Ws};

fn millis(span: u64) -> Duration {
    Duration::from_millis(span)
}

fn questions(seen: &Seen) -> usize {
    seen.count(|event| matches!(event, Event::YourTurn(_)))
}

#[tokio::test(start_paused = true)]
async fn row_06_a_reset_while_the_bot_thinks_loses_no_turn() {
    // The thought ends before the new connection stands, while it greets, and after it asked again.
    for thinks in [5, 300, 2_500] {
        Scene::each_in(
            |sandbox| sandbox.turn_timeout(Duration::from_secs(10)),
            async |scene| {
                scene.order(Fault::DropTcp.on(When::sent("your_turn")).times(2));
                let played = scene.play(Plan::matches(1).thinking(move |_| millis(thinks))).await;
                let seen = played.finished(1);
                let the_match = scene.the_match();
                assert_eq!(seen.reconnects(), 2);
                assert_eq!(questions(seen), the_match.rounds.len(), "each question is asked once");
                assert!(the_match.moves_received.iter().all(|sent| sent.accepted), "{the_match:#?}");
                let side = the_match.side_of("Rocky").unwrap();
                let missed = the_match.rounds.iter().any(|round| round.moves.get(side).is_none());
                assert!(!missed, "a turn was lost: {the_match:#?}");
            },
        )
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn row_06_a_move_that_was_never_written_is_owed_and_goes_out_once() {
    // The server says nothing of the open turn after the reconnect: the bot still owes its move.
    for door in Door::BOTH {
        let moves = Arc::<Mutex<Vec<Value>>>::default();
        let server = Scripted::serve({
            let moves = moves.clone();
            move |number, socket| {
                let moves = moves.clone();
                async move {
                    let mut ws = Ws::greet(socket).await;
                    if number == 0 {
                        ws.begin_match("m-1").await;
                        ws.ask("m-1", 1, 10_000).await;
                        sleep(millis(100)).await;
                        return ws.reset();
                    }
                    let sent = ws.hear_move().await;
                    moves.lock().unwrap().push(sent);
                    assert!(ws.hear_within(Duration::from_secs(30)).await.is_none(), "one move, once");
                    ws.end_match("m-1").await;
                    ws.goodbye().await;
                }
            }
        })
        .await;
        let seen = Seen::default();
        let client = Client::builder("k").url(server.url()).seed(5).build().unwrap();
        let plan = Plan::matches(1).thinking(|_| millis(150));
        let outcome = bounded("the owed move", play(door, &client, plan, &seen)).await;
        assert!(outcome.is_ok() && seen.asked() == 1, "{outcome:?} {seen:?}");
        assert_eq!(moves.lock().unwrap().len(), 1);
        server.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn row_07_a_move_that_may_have_arrived_is_not_sent_again_unasked() {
    // The platform took the move, and the connection broke before it could say so.
    Scene::each(async |scene| {
        scene.order(Fault::DropTcp.on(When::handled("make_move")).times(3));
        let played = scene.play(Plan::matches(1)).await;
        let (seen, the_match) = (played.finished(1), scene.the_match());
        assert_eq!(questions(seen), the_match.rounds.len());
        assert_eq!(
            the_match.moves_received.iter().filter(|sent| !sent.accepted).count(),
            0,
            "{the_match:#?}"
        );
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn row_07_a_move_that_did_not_arrive_is_sent_again_when_asked_for() {
    Scene::each(async |scene| {
        scene.order(Fault::DropTcp.on(When::received("make_move")).times(3));
        let played = scene.play(Plan::matches(1)).await;
        let (seen, the_match) = (played.finished(1), scene.the_match());
        assert_eq!(seen.reconnects(), 3);
        assert_eq!(questions(seen), the_match.rounds.len(), "the bot is not asked twice");
        let side = the_match.side_of("Rocky").unwrap();
        assert!(the_match.rounds.iter().all(|round| round.moves.get(side).is_some()), "{the_match:#?}");
    })
    .await;
}

/// The first connection takes the move and breaks. Then the server asks for the same turn `asks` times.
async fn asked_again(door: Door, seed: u64, asks: usize) -> Vec<Value> {
    let moves = Arc::<Mutex<Vec<Value>>>::default();
    let baseline = Baseline::measure().await;
    let server = Scripted::serve({
        let moves = moves.clone();
        move |number, socket| {
            let moves = moves.clone();
            async move {
                let mut ws = Ws::greet(socket).await;
                if number == 0 {
                    ws.begin_match("m-1").await;
                    ws.ask("m-1", 1, 60_000).await;
                    let sent = ws.hear_move().await;
                    moves.lock().unwrap().push(sent);
                    return ws.reset();
                }
                for _ in 0..asks {
                    ws.ask("m-1", 1, 60_000).await;
                }
                while let Some(heard) = ws.hear_within(Duration::from_secs(50)).await {
                    match heard {
                        Heard::Message(message) => moves.lock().unwrap().push(message),
                        other => panic!("{other:?}"),
                    }
                }
                ws.end_match("m-1").await;
                assert_eq!(ws.goodbye().await, Some(1_000));
            }
        }
    })
    .await;
    let seen = Seen::default();
    let client = Client::builder("k").url(server.url()).seed(seed).build().unwrap();
    let outcome = bounded("asked again", play(door, &client, Plan::matches(1), &seen)).await;
    assert!(outcome.is_ok() && seen.asked() == 1, "{outcome:?} {seen:?}");
    server.end().await;
    baseline.restored().await;
    std::mem::take(&mut *moves.lock().unwrap())
}

#[tokio::test(start_paused = true)]
async fn row_07_asked_again_the_very_same_move_goes_out() {
    for seed in seeds() {
        for door in Door::BOTH {
            assert_eq!(asked_again(door, seed, 0).await.len(), 1, "not asked, not sent");
            for asks in [1, 3] {
                let moves = asked_again(door, seed, asks).await;
                assert_eq!(moves.len(), 2, "once a connection: {moves:?}");
                assert_eq!(moves[0], moves[1]);
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn row_10_a_slow_handler_costs_its_turn_and_nothing_else() {
    Scene::each_in(
        |sandbox| sandbox.turn_timeout(Duration::from_secs(2)).on_timeout(OnTimeout::ForfeitRound),
        async |scene| {
            // Ten times the deadline, at the first question only.
            let slow = |question| if question == 0 { Duration::from_secs(20) } else { Duration::ZERO };
            let played = scene.play(Plan::matches(2).thinking(slow)).await;
            let seen = played.finished(2);
            assert_eq!(seen.reconnects(), 0, "the connection did not suffer: {seen:?}");
            let late = seen.all(|event| match event {
                Event::MoveNotSent { round, late_by, .. } => Some((*round, *late_by)),
                _ => None,
            });
            assert_eq!(late, [(1, None)], "{seen:?}");
            let asked = seen.times(|event| matches!(event, Event::YourTurn(_)))[0];
            let told = seen.times(|event| matches!(event, Event::MoveNotSent { .. }))[0];
            assert!(told - asked <= Duration::from_millis(2_010), "{:?}", told - asked);
            let first = &scene.sandbox.matches()[0];
            let side = first.side_of("Rocky").unwrap();
            let moves: Vec<_> = first.rounds.iter().map(|round| round.moves.get(side).is_some()).collect();
            assert!(
                !moves[0] && moves[1..].iter().all(|moved| *moved),
                "the next turns are played: {moves:?}"
            );
        },
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn row_10_a_round_that_ends_while_the_bot_thinks_is_told_as_a_turn_without_a_move() {
    for door in Door::BOTH {
        let server = Scripted::serve(|_, socket| async move {
            let mut ws = Ws::greet(socket).await;
            ws.begin_match("m-1").await;
            ws.ask("m-1", 1, 10_000).await;
            // The platform's clock is ahead of the bot's.
            sleep(millis(9_900)).await;
            ws.say(json!({
                "type": "round_result", "match_id": "m-1", "round": 1, "score": [0, 1],
                "result": { "round": 1, "move_a": null, "move_b": "rock", "round_winner": "opponent-agent-uuid" },
            }))
            .await;
            assert!(ws.hear_within(Duration::from_secs(30)).await.is_none(), "a late move");
            ws.end_match("m-1").await;
            ws.goodbye().await;
        })
        .await;
        let seen = Seen::default();
        let client = Client::builder("k").url(server.url()).seed(1).build().unwrap();
        let plan = Plan::matches(1).thinking(|_| millis(9_950));
        let outcome = bounded("the slow handler", play(door, &client, plan, &seen)).await;
        assert!(outcome.is_ok(), "{outcome:?} {seen:?}");
        assert_eq!(
            seen.count(|event| matches!(event, Event::MoveNotSent { round: 1, late_by: None, .. })),
            1
        );
        server.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn row_10_pings_are_answered_while_the_handler_is_slow() {
    for door in Door::BOTH {
        let server = Scripted::serve(|_, socket| async move {
            let mut ws = Ws::greet(socket).await;
            ws.begin_match("m-1").await;
            ws.ask("m-1", 1, 10_000).await;
            for number in 0..100_u8 {
                let sent = Instant::now();
                ws.frame(Message::Ping(vec![number].into())).await;
                let pong = loop {
                    match ws.next_frame().await.expect("the connection lives") {
                        Message::Pong(payload) => break payload,
                        Message::Text(text) => assert!(text.contains("ping"), "{text}"),
                        other => panic!("{other:?}"),
                    }
                };
                assert_eq!(pong[..], [number]);
                assert!(sent.elapsed() <= Duration::from_millis(5), "answered after {:?}", sent.elapsed());
                sleep(Duration::from_secs(1)).await;
            }
            ws.end_match("m-1").await;
            ws.goodbye().await;
        })
        .await;
        let seen = Seen::default();
        let client = Client::builder("k").url(server.url()).seed(1).build().unwrap();
        let plan = Plan::matches(1).thinking(|_| Duration::from_secs(100));
        let outcome = bounded("the slow handler", play(door, &client, plan, &seen)).await;
        assert!(outcome.is_ok(), "{outcome:?} {seen:?}");
        assert_eq!(seen.count(|event| matches!(event, Event::MoveNotSent { late_by: None, .. })), 1);
        server.end().await;
    }
}

/// Panics wherever it can.
struct Panics;

impl EventHandler for Panics {
    async fn on_connected(&self, bot: &Handle, connected: Connected) {
        if !connected.is_reconnect {
            bot.join_queue(GameType::Rps, "0.01 SOL".parse().unwrap()).await.unwrap();
        }
    }

    async fn on_your_turn(&self, _: &Handle, turn: Turn) -> Result<MoveData> {
        panic!("what is round {}?", turn.round)
    }

    async fn on_handler_failed(&self, _: &Handle, error: Error) {
        panic!("what is {error}?")
    }

    async fn on_game_over(&self, bot: &Handle, _: GameOver) {
        bot.drain().await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn row_10_a_handler_that_panics_even_about_its_panics_is_survived() {
    Scene::each_in(
        |sandbox| sandbox.turn_timeout(Duration::from_secs(2)),
        async |scene| {
            let outcome = scene.client().build().unwrap().run(Panics).await;
            assert!(outcome.is_ok(), "{outcome:?}");
            assert!(scene.the_match().ended.is_some());
        },
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn row_17_a_turn_told_twice_is_asked_and_answered_once() {
    for thinks in [0, 50] {
        Scene::each(async |scene| {
            scene.order(Fault::Duplicate.on(When::sending("*")).always());
            let played = scene.play(Plan::matches(2).thinking(move |_| millis(thinks))).await;
            let seen = played.finished(2);
            let rounds: usize = scene.sandbox.matches().iter().map(|played| played.rounds.len()).sum();
            assert_eq!((questions(seen), seen.asked()), (rounds, rounds), "{seen:?}");
            for played in scene.sandbox.matches() {
                for round in &played.rounds {
                    assert_eq!(played.moves_sent(round.number, "Rocky"), 1, "{played:#?}");
                }
            }
            assert_eq!(seen.count(|event| matches!(event, Event::MatchFound(_))), 2);
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn row_18_a_stale_turn_is_dropped() {
    Scene::each(async |scene| {
        // The first turn of the match comes again: after the second one, after its result, after a reconnect.
        scene.order(Fault::Stale.on(When::sent("your_turn")).skip(1).times(50));
        scene.order(Fault::DropTcp.on(When::received("make_move")).skip(2));
        let played = scene.play(Plan::matches(1)).await;
        let (seen, the_match) = (played.finished(1), scene.the_match());
        assert_eq!(questions(seen), the_match.rounds.len(), "{seen:?}");
        for round in &the_match.rounds {
            assert!(the_match.moves_sent(round.number, "Rocky") <= 1, "{the_match:#?}");
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn row_18_a_stale_message_of_any_type_does_no_harm() {
    for resume in [Resume::Started, Resume::Whole, Resume::TurnOnly] {
        Scene::each_in(
            |sandbox| sandbox.resume(resume),
            async |scene| {
                scene.order(Fault::DropTcp.on(When::sent("your_turn")).skip(1));
                for kind in ["match_found", "game_start", "your_turn", "round_result", "game_over"] {
                    scene.order(Fault::Stale.on(When::sent(kind)).skip(1).times(20));
                }
                let played = scene.play(Plan::matches(3)).await;
                let seen = played.finished(3);
                let rounds: usize = scene.sandbox.matches().iter().map(|played| played.rounds.len()).sum();
                assert_eq!(questions(seen), rounds, "{seen:?}");
            },
        )
        .await;
    }
}

pub(crate) const PARALLEL: usize = 8;

/// What was received, over all connections.
pub(crate) type MovesByMatch = Arc<Mutex<BTreeMap<String, Vec<Value>>>>;

/// Two moves were asked for again, and were the very same; no other was sent twice.
pub(crate) fn assert_eight_matches(moves: &MovesByMatch) {
    let moves = moves.lock().unwrap();
    for (match_id, moves) in moves.iter() {
        let expected = if match_id == "m-0" || match_id == "m-1" { 2 } else { 1 };
        assert_eq!(moves.len(), expected, "{match_id}: {moves:?}");
        assert!(moves.iter().all(|sent| sent == &moves[0]), "{match_id}: {moves:?}");
    }
    assert_eq!(moves.len(), PARALLEL);
}

fn name(index: usize) -> String {
    format!("m-{index}")
}

#[tokio::test(start_paused = true)]
async fn row_19_a_reconnect_in_the_middle_of_eight_moves_replays_none_unasked() {
    for seed in seeds() {
        for door in Door::BOTH {
            let moves = MovesByMatch::default();
            let baseline = Baseline::measure().await;
            let server = Scripted::serve({
                let moves = moves.clone();
                move |number, socket| eight_matches(number, socket, moves.clone(), Duration::from_secs(40))
            })
            .await;
            let seen = Seen::default();
            let client = Client::builder("k").url(server.url()).seed(seed).build().unwrap();
            // The first four answer at once, and the others after the reconnect.
            let thinks = |question| if question < 4 { Duration::ZERO } else { Duration::from_secs(20) };
            let plan = Plan::matches(PARALLEL).thinking(thinks);
            let outcome = bounded("eight matches", play(door, &client, plan, &seen)).await;
            assert!(outcome.is_ok(), "{outcome:?} {seen:?}");
            assert_eq!((seen.asked(), seen.finished()), (PARALLEL, PARALLEL), "{seen:?}");
            assert_eight_matches(&moves);
            server.end().await;
            baseline.restored().await;
        }
    }
}

/// Four moves arrive, then the connection breaks. On the next one the platform asks again for two of them, which it lost,
/// and for the four that it never got.
pub(crate) async fn eight_matches(
    number: usize,
    socket: tokio::net::TcpStream,
    moves: MovesByMatch,
    quiet: Duration,
) {
    let take = |sent: Value| {
        let match_id = sent["match_id"].as_str().unwrap().to_owned();
        moves.lock().unwrap().entry(match_id).or_default().push(sent);
    };
    let mut ws = Ws::greet(socket).await;
    if number == 0 {
        ws.begin_match(&name(0)).await;
        for index in 1..PARALLEL {
            ws.find_match(&name(index)).await;
        }
        for index in 0..PARALLEL {
            ws.ask(&name(index), 1, 60_000).await;
        }
        for _ in 0..4 {
            take(ws.hear_move().await);
        }
        return ws.reset();
    }
    for index in [0, 1, 4, 5, 6, 7] {
        ws.ask(&name(index), 1, 50_000).await;
    }
    for _ in 0..6 {
        take(ws.hear_move().await);
    }
    assert!(ws.hear_within(quiet).await.is_none(), "more than was asked for");
    for index in 0..PARALLEL {
        ws.end_match(&name(index)).await;
    }
    // The bot queues between two matches, and drains after the last.
    loop {
        match ws.hear().await {
            Heard::Message(_) => {}
            Heard::Close(code) => break assert_eq!(code, Some(1_000)),
            Heard::Gone => panic!("no close frame"),
        }
    }
    while !matches!(ws.hear().await, Heard::Gone) {}
}
