//! Row 24: the bot is to stop, whatever goes on.

use std::time::Duration;

use botpit_sdk::model::GameType;
use botpit_sdk::sandbox::{Fault, OnTimeout, When};
use botpit_sdk::{
    Client, Connected, Event, EventHandler, GameOver, Handle, MatchFound, MoveData, Result, Turn,
};
use sdk_core::error::{Sent, codes};
use sdk_core::shutdown::Shutdown;
use tokio::time::{Instant, sleep};

use super::player::{Door, Plan, Seen, play};
use super::scene::{Baseline, Scene, bounded};
use super::scripted::{Heard, Scripted, Ws};

/// A close waits a second for the server's frame, and five for handlers that still run.
const BOUND: Duration = Duration::from_millis(6_100);

#[tokio::test(start_paused = true)]
async fn row_24_draining_finishes_the_match_and_takes_no_new_one() {
    Scene::each(async |scene| {
        let (shutdown, seen) = (Shutdown::new(), scene.watch());
        let client = scene.client().shutdown(&shutdown).build().unwrap();
        let plan = Plan::matches(5).thinking(|_| Duration::from_millis(500));
        let playing = play(scene.door, &client, plan, &seen);
        let asking = async {
            seen.wait_for("a turn", |event| matches!(event, Event::YourTurn(_))).await;
            shutdown.request();
        };
        let (outcome, ()) = tokio::join!(playing, asking);
        assert!(outcome.is_ok(), "{outcome:?} {seen:?}");
        let the_match = scene.the_match();
        assert!(the_match.ended.is_some() && seen.finished() == 1, "{seen:?}");
        assert_eq!(seen.reconnects(), 0);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn row_24_draining_in_the_queue_or_with_nothing_to_do_ends_at_once() {
    for matches in [0, 1] {
        Scene::each_in(
            |sandbox| sandbox.no_house(),
            async |scene| {
                let (shutdown, seen) = (Shutdown::new(), scene.watch());
                let client = scene.client().shutdown(&shutdown).build().unwrap();
                let playing = play(scene.door, &client, Plan::matches(matches), &seen);
                let asking = async {
                    seen.wait_for("the greeting", |event| matches!(event, Event::Connected(_))).await;
                    sleep(Duration::from_secs(30)).await;
                    shutdown.request();
                    Instant::now()
                };
                let (outcome, asked) = tokio::join!(playing, asking);
                assert!(outcome.is_ok(), "{outcome:?} {seen:?}");
                assert!(asked.elapsed() <= Duration::from_secs(2), "{:?}", asked.elapsed());
            },
        )
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn row_24_stopping_ends_now_with_close_1000() {
    for door in Door::BOTH {
        for answers in [true, false] {
            let baseline = Baseline::measure().await;
            let server = Scripted::serve(move |_, socket| async move {
                let mut ws = Ws::greet(socket).await;
                ws.begin_match("m-1").await;
                ws.ask("m-1", 1, 60_000).await;
                match ws.hear().await {
                    Heard::Close(code) => assert_eq!(code, Some(1_000)),
                    other => panic!("{other:?} instead of a close frame"),
                }
                if answers {
                    while !matches!(ws.hear().await, Heard::Gone) {}
                } else {
                    sleep(Duration::from_secs(60)).await;
                }
            })
            .await;
            let (shutdown, seen) = (Shutdown::new(), Seen::default());
            let client = Client::builder("k").url(server.url()).shutdown(&shutdown).build().unwrap();
            let plan = Plan::matches(1).thinking(|_| Duration::from_secs(3_600));
            let playing = play(door, &client, plan, &seen);
            let asking = async {
                seen.wait_for("a turn", |event| matches!(event, Event::YourTurn(_))).await;
                shutdown.request();
                shutdown.request();
                let asked = Instant::now();
                seen.wait_for("the end", |event| matches!(event, Event::Closed { .. })).await;
                asked.elapsed()
            };
            let (outcome, took) = bounded("stopping", async { tokio::join!(playing, asking) }).await;
            assert!(outcome.is_ok(), "{outcome:?}");
            assert!(took <= BOUND, "{took:?}");
            sleep(Duration::from_secs(61)).await;
            server.end().await;
            baseline.restored().await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn row_24_stopping_during_an_outage_ends_at_once() {
    for door in Door::BOTH {
        let baseline = Baseline::measure().await;
        let (shutdown, seen) = (Shutdown::new(), Seen::default());
        let server = Scripted::serve(|_, socket| async move {
            Ws::greet(socket).await;
        })
        .await;
        let client = Client::builder("k").url(server.url()).shutdown(&shutdown).build().unwrap();
        let playing = play(door, &client, Plan::matches(0), &seen);
        let asking = async {
            sleep(Duration::from_secs(100)).await;
            let dials = server.dials().len();
            shutdown.drain();
            (Instant::now(), dials)
        };
        let (outcome, (asked, dials)) = bounded("an outage", async { tokio::join!(playing, asking) }).await;
        // `connect()` has no handle to give, and says so.
        let unconnected = |error: sdk_core::Error| *error.code() == codes::CLIENT_CLOSED;
        assert!(outcome.is_ok() || door == Door::Stream && outcome.is_err_and(unconnected));
        assert!(asked.elapsed() <= BOUND && server.dials().len() <= dials + 1, "{:?}", asked.elapsed());
        server.end().await;
        baseline.restored().await;
    }
}

/// Queues for a match, and hangs for good in one callback.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum HangsIn {
    Connected,
    MatchFound,
    YourTurn,
    GameOver,
    Everything,
}

impl HangsIn {
    async fn maybe(self, here: Self) {
        if self == here || self == Self::Everything {
            std::future::pending::<()>().await;
        }
    }
}

impl EventHandler for HangsIn {
    async fn on_connected(&self, bot: &Handle, _: Connected) {
        let _ = bot.join_queue(GameType::Rps, "0.01 SOL".parse().unwrap()).await;
        self.maybe(Self::Connected).await;
    }

    async fn on_match_found(&self, _: &Handle, _: MatchFound) {
        self.maybe(Self::MatchFound).await;
    }

    async fn on_your_turn(&self, _: &Handle, _: Turn) -> Result<MoveData> {
        self.maybe(Self::YourTurn).await;
        Ok(botpit_sdk::games::rps::Choice::Rock.into())
    }

    async fn on_game_over(&self, _: &Handle, _: GameOver) {
        self.maybe(Self::GameOver).await;
    }
}

#[tokio::test(start_paused = true)]
async fn row_24_a_handler_that_hangs_holds_up_neither_the_drain_nor_the_stop() {
    use HangsIn::{Connected, Everything, GameOver, MatchFound, YourTurn};
    for handler in [Connected, MatchFound, YourTurn, GameOver, Everything] {
        for stops in [false, true] {
            Scene::each_in(
                |sandbox| sandbox.turn_timeout(Duration::from_secs(2)).on_timeout(OnTimeout::ForfeitGame),
                async |scene| {
                    let shutdown = Shutdown::new();
                    let client = scene.client().shutdown(&shutdown).build().unwrap();
                    let asking = async {
                        while scene.sandbox.matches().is_empty() {
                            sleep(Duration::from_millis(5)).await;
                        }
                        shutdown.request();
                        if stops {
                            shutdown.request();
                        }
                        Instant::now()
                    };
                    let (outcome, asked) = tokio::join!(client.run(handler), asking);
                    assert!(outcome.is_ok(), "{outcome:?}");
                    // Draining waits for the match: at most its turn, here.
                    let bound = if stops { BOUND } else { BOUND + Duration::from_secs(10) };
                    assert!(asked.elapsed() <= bound, "{handler:?}: {:?}", asked.elapsed());
                },
            )
            .await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn row_24_a_stop_through_a_dead_connection_is_bounded() {
    Scene::each(async |scene| {
        scene.order(Fault::HalfOpen.on(When::sent("your_turn")));
        let (shutdown, seen) = (Shutdown::new(), scene.watch());
        let client = scene.client().shutdown(&shutdown).build().unwrap();
        let playing = play(scene.door, &client, Plan::matches(1), &seen);
        let asking = async {
            seen.wait_for("a turn", |event| matches!(event, Event::YourTurn(_))).await;
            shutdown.stop();
            Instant::now()
        };
        let (outcome, asked) = tokio::join!(playing, asking);
        assert!(outcome.is_ok(), "{outcome:?}");
        assert!(asked.elapsed() <= BOUND, "{:?}", asked.elapsed());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn row_24_a_call_that_waits_when_it_ends_says_what_was_sent() {
    Scene::each_in(
        |sandbox| sandbox.no_house(),
        async |scene| {
            // The confirmation never comes.
            scene.order(Fault::Silence.on(When::received("join_queue")));
            let (handle, events) = scene.client().build().unwrap().connect().await.unwrap();
            let wager = "0.01 SOL".parse().unwrap();
            let joining = handle.join_queue(GameType::Rps, wager);
            let closing = async {
                sleep(Duration::from_secs(5)).await;
                handle.close().await.unwrap();
            };
            let (joined, ()) = tokio::join!(joining, closing);
            let error = joined.unwrap_err();
            assert_eq!((error.code(), error.sent()), (&codes::CLIENT_CLOSED, Sent::Maybe), "{error:?}");
            handle.closed().await;
            let error = handle.join_queue(GameType::Rps, wager).await.unwrap_err();
            assert_eq!((error.code(), error.sent()), (&codes::CLIENT_CLOSED, Sent::No), "{error:?}");
            drop(events);
        },
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn row_24_a_close_is_not_lost_behind_a_reconnect() {
    Scene::each(async |scene| {
        let (handle, events) = scene.client().build().unwrap().connect().await.unwrap();
        handle.reconnect().await.unwrap();
        handle.close().await.unwrap();
        bounded("the close", handle.closed()).await;

        // And the last handle closes as well.
        let (other, more) = scene.client().build().unwrap().connect().await.unwrap();
        other.reconnect().await.unwrap();
        drop((handle, other, events, more));
    })
    .await;
}
