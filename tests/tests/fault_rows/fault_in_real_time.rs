//! The rows once more in real time: the server on a thread of its own, short timings on the client's side. Whether the
//! times are right is the paused clock's to say; here it is whether a bot gets through, and what is left afterwards.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use botpit_sdk::sandbox::{Fault, OnTimeout, Order, Sandbox, SandboxBuilder, Strength, When};
use botpit_sdk::{Client, ClientBuilder, Event};
use sdk_core::backoff::BackoffPolicy;
use sdk_core::error::{Error, codes};
use sdk_core::heartbeat::HeartbeatPolicy;
use sdk_core::shutdown::Shutdown;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, timeout};

use super::fault_in_a_turn::{MovesByMatch, PARALLEL, assert_eight_matches, eight_matches};
use super::player::{Door, Plan, Seen, play};
use super::scene::Baseline;
use super::scripted::{DeadPort, Scripted};

/// Far more than any test here takes, for a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(20);

const fn millis(span: u64) -> Duration {
    Duration::from_millis(span)
}

/// Something that serves on a thread of its own, until it is dropped.
struct Threaded<T> {
    served: T,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl<T: Clone + Send + 'static> Threaded<T> {
    /// Runs a server on a runtime of its own. `end` gets it back when the test is over.
    fn start<S, F, E>(
        start: impl FnOnce() -> F + Send + 'static,
        end: impl FnOnce(S) -> E + Send + 'static,
    ) -> Self
    where
        F: Future<Output = (S, T)>,
        E: Future<Output = ()>,
    {
        let (stop, stopped) = oneshot::channel();
        let (ready, served) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let (server, served) = start().await;
                ready.send(served).unwrap();
                let _ = stopped.await;
                end(server).await;
            });
        });
        let served = served.recv().unwrap();
        Self { served, stop: Some(stop), thread: Some(thread) }
    }
}

impl<T> Drop for Threaded<T> {
    fn drop(&mut self) {
        self.stop.take();
        let ended = self.thread.take().unwrap().join();
        if !std::thread::panicking() {
            ended.unwrap();
        }
    }
}

/// A sandbox on its thread.
type Pit = Threaded<Arc<Sandbox>>;

fn pit(settings: impl FnOnce(SandboxBuilder) -> SandboxBuilder + Send + 'static) -> Pit {
    Threaded::start(
        async move || {
            let builder = Sandbox::builder().seed(1).house([Strength::Novice]).house_wait(millis(1));
            let builder = settings(builder.house_thinks(millis(1)).turn_timeout(millis(250)));
            let sandbox = Arc::new(builder.start().await.unwrap());
            (sandbox.clone(), sandbox)
        },
        async |sandbox| drop(sandbox),
    )
}

fn heartbeat(interval: u64, silence: u64) -> HeartbeatPolicy {
    HeartbeatPolicy::new(millis(interval), millis(silence)).unwrap()
}

/// Timings that suit a test. Those that a row is about are shorter there: a machine that is busy must not run into the
/// others.
fn quick(client: ClientBuilder) -> ClientBuilder {
    client
        .seed(1)
        .backoff(BackoffPolicy::exponential(millis(2), millis(16)))
        .heartbeat(heartbeat(200, 400))
        .handshake_timeout(millis(2_000))
        .greeting_timeout(millis(2_000))
        .write_timeout(millis(2_000))
        .restart_spread(millis(30))
        .resume_grace(millis(10))
        .match_lost_after(millis(80))
}

fn client(pit: &Pit) -> ClientBuilder {
    let key = pit.served.register("Rocky").unwrap();
    quick(Client::builder(key).url(pit.served.ws_url()))
}

async fn in_time<T>(future: impl Future<Output = T>) -> T {
    timeout(PATIENCE, future).await.expect("it is stuck")
}

/// What must hold here too, in whatever was played.
async fn check(pit: &Pit, seen: &Seen, baseline: &Baseline) {
    in_time(baseline.restored()).await;
    seen.check_calls();
    for played in pit.served.matches() {
        assert_eq!(played.changed_minds(), [], "{played:#?}");
        for round in &played.rounds {
            assert!(played.moves_sent(round.number, "Rocky") <= 1 + seen.reconnects(), "{played:#?}");
        }
    }
}

/// Plays a match through both doors while these faults happen; the causes of the losses, by their codes.
async fn survives(orders: &[Order], settings: fn(ClientBuilder) -> ClientBuilder) -> Vec<&'static str> {
    let mut causes = Vec::new();
    for door in Door::BOTH {
        let pit = pit(|sandbox| sandbox);
        for order in orders {
            pit.served.faults().order(order.clone()).unwrap();
        }
        let (seen, baseline) = (Seen::default(), Baseline::measure().await);
        let client = settings(client(&pit)).build().unwrap();
        let outcome = in_time(play(door, &client, Plan::matches(1), &seen)).await;
        assert!(outcome.is_ok(), "{outcome:?} {seen:?}");
        let lost = seen.count(|event| matches!(event, Event::MatchLost { .. }));
        assert_eq!(seen.finished() + lost, 1, "{seen:?}");
        assert!(pit.served.faults().injected() > 0, "nothing happened");
        check(&pit, &seen, &baseline).await;
        causes = seen.cause_codes();
    }
    causes
}

/// Plays through both doors into a fault that is the end.
async fn ends(order: Order) -> Error {
    let mut reason = None;
    for door in Door::BOTH {
        let pit = pit(|sandbox| sandbox);
        pit.served.faults().order(order.clone()).unwrap();
        let (seen, baseline) = (Seen::default(), Baseline::measure().await);
        let client = client(&pit).build().unwrap();
        let outcome = in_time(play(door, &client, Plan::matches(1), &seen)).await;
        sleep(millis(40)).await;
        assert_eq!(pit.served.server().accepted(), 1, "one attempt");
        check(&pit, &seen, &baseline).await;
        reason = outcome.err();
    }
    reason.expect("it ends with an error")
}

fn as_it_is(client: ClientBuilder) -> ClientBuilder {
    client
}

/// Rows that a bot gets through: the fault, and what the losses are called.
macro_rules! survived {
    ($($name:ident: $($fault:expr, $when:expr);+ => $causes:expr;)*) => {$(
        #[tokio::test]
        async fn $name() {
            $(
                let causes = survives(&[$fault.on($when)], as_it_is).await;
                assert_eq!(causes, $causes);
            )+
        }
    )*};
}

survived! {
    row_04_retry_after:
        Fault::RateLimited { retry_after: "0.05".into() }, When::NextConnection;
        Fault::RateLimited { retry_after: "-99999999999".into() }, When::NextConnection => ["rate_limited"];
    row_05_redirect:
        Fault::Redirect { status: 307, location: "http://127.0.0.1:1/".into() }, When::NextConnection
        => ["redirect_refused"];
    row_05_html: Fault::Html { status: 502 }, When::NextConnection => ["upgrade_refused"];
    row_06_reset_before_the_move: Fault::DropTcp, When::sent("your_turn") => ["connection_lost"];
    row_07_reset_after_the_move:
        Fault::DropTcp, When::received("make_move");
        Fault::DropTcp, When::handled("make_move") => ["connection_lost"];
    row_11_close_1000: Fault::Close { code: 1_000, reason: String::new() }, When::sent("your_turn") => ["closed_by_server"];
    row_11_close_1001: Fault::Close { code: 1_001, reason: String::new() }, When::sent("your_turn") => ["closed_by_server"];
    row_11_close_1012: Fault::Close { code: 1_012, reason: String::new() }, When::sent("your_turn") => ["closed_by_server"];
    row_13_no_code_and_torn:
        Fault::Fin, When::sending("your_turn");
        Fault::TornFrame, When::sending("your_turn") => ["connection_lost"];
    row_14_garbage:
        Fault::InvalidUtf8, When::sent("your_turn");
        Fault::BadOpcode, When::sent("your_turn");
        Fault::MaskedFrame, When::sent("your_turn");
        Fault::ReservedBits, When::sent("your_turn") => ["protocol_violation"];
    row_15_broken_and_unknown:
        Fault::BrokenField { field: Some("timeout_ms".into()) }, When::sending("your_turn");
        Fault::UnknownMessage, When::sent("your_turn") => [""; 0];
    row_16_too_large: Fault::Huge { bytes: 2 << 20 }, When::sent("your_turn") => ["message_too_large"];
    row_16_fragments: Fault::Fragments { count: 100_000 }, When::sending("your_turn") => [""; 0];
    row_17_twice: Fault::Duplicate, When::sending("your_turn") => [""; 0];
    row_18_stale: Fault::Stale, When::sent("round_result") => [""; 0];
}

#[tokio::test]
async fn row_01_a_refused_connect_is_told_and_tried_until_somebody_listens() {
    for door in Door::BOTH {
        let dead = DeadPort::find();
        let port = dead.port();
        let (seen, baseline) = (Seen::default(), Baseline::measure().await);
        let url = format!("ws://127.0.0.1:{port}");
        let client = quick(Client::builder("bp_live_faultUnknown").url(url)).build().unwrap();
        let late = async {
            sleep(millis(60)).await;
            drop(dead);
            pit(move |sandbox| sandbox.port(port))
        };
        let playing = play(door, &client, Plan::matches(1), &seen);
        let (outcome, pit) = in_time(async { tokio::join!(playing, late) }).await;
        assert!(outcome.is_ok(), "{outcome:?} {seen:?}");
        assert!(seen.cause_codes().starts_with(&["connect_failed"; 3]), "{seen:?}");
        check(&pit, &seen, &baseline).await;
    }
}

#[tokio::test]
async fn row_02_no_answer() {
    let order = Fault::NeverAnswer.on(When::NextConnection);
    let causes = survives(&[order], |client| client.handshake_timeout(millis(80))).await;
    assert!(!causes.is_empty() && causes.iter().all(|cause| *cause == "connect_timeout"), "{causes:?}");
}

#[tokio::test]
async fn row_08_half_open() {
    let order = Fault::HalfOpen.on(When::sent("your_turn"));
    let causes = survives(&[order], |client| client.heartbeat(heartbeat(25, 50))).await;
    assert!(!causes.is_empty() && causes.iter().all(|cause| *cause == "server_silent"), "{causes:?}");
}

#[tokio::test]
async fn row_03_a_refused_key_at_the_upgrade() {
    assert_eq!(ends(Fault::Unauthorized.on(When::NextConnection)).await.status(), Some(401));
    assert_eq!(ends(Fault::Forbidden.on(When::NextConnection)).await.status(), Some(403));
}

#[tokio::test]
async fn row_09_a_server_that_stops_reading() {
    for door in Door::BOTH {
        let pit = pit(|sandbox| sandbox);
        pit.served.faults().order(Fault::StopReading.on(When::sent("your_turn"))).unwrap();
        let (seen, baseline) = (Seen::default(), Baseline::measure().await);
        let client = client(&pit).write_timeout(millis(50)).build().unwrap();
        let flooding = async {
            seen.wait_for("a turn", |event| matches!(event, Event::YourTurn(_))).await;
            let handle = seen.handle();
            let text = format!("{{\"type\":\"ping\",\"padding\":\"{}\"}}", "x".repeat(64 << 10));
            while handle.send_raw(text.as_str()).await.is_ok() {}
        };
        let playing = play(door, &client, Plan::matches(1), &seen);
        let (outcome, ()) = in_time(async { tokio::join!(playing, flooding) }).await;
        assert!(outcome.is_ok(), "{outcome:?} {seen:?}");
        let causes = seen.cause_codes();
        assert!(!causes.is_empty() && causes.iter().all(|cause| *cause == "write_stalled"), "{causes:?}");
        check(&pit, &seen, &baseline).await;
    }
}

#[tokio::test]
async fn row_10_a_slow_handler() {
    for door in Door::BOTH {
        let pit = pit(|sandbox| sandbox.turn_timeout(millis(40)).on_timeout(OnTimeout::ForfeitRound));
        let (seen, baseline) = (Seen::default(), Baseline::measure().await);
        let client = client(&pit).build().unwrap();
        let plan = Plan::matches(1).thinking(|question| if question == 0 { millis(90) } else { millis(0) });
        let outcome = in_time(play(door, &client, plan, &seen)).await;
        assert!(outcome.is_ok(), "{outcome:?} {seen:?}");
        assert_eq!((seen.finished(), seen.reconnects()), (1, 0), "{seen:?}");
        assert!(seen.count(|event| matches!(event, Event::MoveNotSent { .. })) >= 1, "{seen:?}");
        check(&pit, &seen, &baseline).await;
    }
}

#[tokio::test]
async fn row_12_a_replaced_session() {
    let replaced = Fault::Close { code: 4_000, reason: "replaced by a new session".into() };
    assert_eq!(ends(replaced.on(When::sent("your_turn"))).await.code(), &codes::SESSION_REPLACED);
}

#[tokio::test]
async fn row_19_a_reconnect_in_the_middle_of_eight_moves() {
    for door in Door::BOTH {
        let moves = MovesByMatch::default();
        let server = Threaded::start(
            {
                let moves = moves.clone();
                async move || {
                    let script =
                        move |number, socket| eight_matches(number, socket, moves.clone(), millis(90));
                    let server = Scripted::serve(script).await;
                    let url = server.url();
                    (server, url)
                }
            },
            async |server: Scripted| server.end().await,
        );
        let (seen, baseline) = (Seen::default(), Baseline::measure().await);
        let client =
            quick(Client::builder("k").url(&server.served)).match_lost_after(PATIENCE).build().unwrap();
        let thinks = |question| if question < 4 { Duration::ZERO } else { millis(40) };
        let outcome = in_time(play(door, &client, Plan::matches(PARALLEL).thinking(thinks), &seen)).await;
        assert!(outcome.is_ok() && seen.asked() == PARALLEL, "{outcome:?} {seen:?}");
        assert_eight_matches(&moves);
        in_time(baseline.restored()).await;
    }
}

#[tokio::test]
async fn row_20_flapping() {
    for door in Door::BOTH {
        let pit = pit(|sandbox| sandbox);
        pit.served.faults().order(Fault::DropTcp.on(When::sent("authenticated")).times(30)).unwrap();
        let (seen, baseline) = (Seen::default(), Baseline::measure().await);
        let client = client(&pit).build().unwrap();
        let outcome = in_time(play(door, &client, Plan::matches(1), &seen)).await;
        assert!(outcome.is_ok(), "{outcome:?} {seen:?}");
        let delays = seen.delays();
        let later = delays[10..].iter().sum::<Duration>() / 20;
        assert!(delays.len() == 30 && later > millis(4), "they do not grow: {delays:?}");
        check(&pit, &seen, &baseline).await;
    }
}

#[tokio::test]
async fn row_21_fifty_bots_and_a_restart() {
    const BOTS: u64 = 50;
    let pit = pit(|sandbox| sandbox.no_house());
    let baseline = Baseline::measure().await;
    let mut bots = Vec::new();
    for number in 0..BOTS {
        let key = pit.served.register(&format!("Bot{number}")).unwrap();
        let client = quick(Client::builder(key).url(pit.served.ws_url())).seed(number);
        bots.push(in_time(client.restart_spread(millis(90)).build().unwrap().connect()).await.unwrap());
    }
    let dials = || pit.served.server().accepted() - BOTS;
    assert_eq!(dials(), 0);
    pit.served.reset();
    let restarted = Instant::now();
    in_time(async {
        while dials() < 3 * BOTS / 4 {
            sleep(millis(1)).await;
        }
    })
    .await;
    let most = restarted.elapsed();
    assert!(most >= millis(30), "three quarters of them were back after {most:?}");
    in_time(async {
        while pit.served.connections() < BOTS as usize || dials() < BOTS {
            sleep(millis(1)).await;
        }
    })
    .await;
    assert_eq!(dials(), BOTS, "one dial each");
    drop(bots);
    in_time(baseline.restored()).await;
}

#[tokio::test]
async fn row_22_a_machine_that_stood_still() {
    for door in Door::BOTH {
        let pit = pit(|sandbox| sandbox.turn_timeout(millis(60)));
        let (seen, baseline) = (Seen::default(), Baseline::measure().await);
        let client = client(&pit).heartbeat(heartbeat(10, 20)).build().unwrap();
        let sleeping = async {
            seen.wait_for("a turn", |event| matches!(event, Event::YourTurn(_))).await;
            // The bot's whole thread stands still for longer than the turn lasts, and more than three silences.
            std::thread::sleep(millis(95));
        };
        let plan = Plan::matches(1).thinking(|question| millis(if question == 0 { 50 } else { 0 }));
        let playing = play(door, &client, plan, &seen);
        let (outcome, ()) = in_time(async { tokio::join!(playing, sleeping) }).await;
        assert!(outcome.is_ok(), "{outcome:?} {seen:?}");
        let the_match = &pit.served.matches()[0];
        let side = the_match.side_of("Rocky").unwrap();
        assert_eq!(the_match.rounds[0].moves.get(side), &None, "a stale move was sent: {the_match:#?}");
        check(&pit, &seen, &baseline).await;
    }
}

#[tokio::test]
async fn row_23_a_key_that_is_revoked_while_connected() {
    let revoked = Fault::Close { code: 4_001, reason: "invalid or expired API key".into() };
    assert_eq!(ends(revoked.on(When::sent("your_turn"))).await.code(), &codes::AUTH_REJECTED);
}

#[tokio::test]
async fn row_24_draining_and_stopping() {
    for door in Door::BOTH {
        for requests in [1, 2] {
            let pit = pit(|sandbox| sandbox);
            let (seen, baseline, shutdown) = (Seen::default(), Baseline::measure().await, Shutdown::new());
            let client = client(&pit).shutdown(&shutdown).build().unwrap();
            let asking = async {
                seen.wait_for("a turn", |event| matches!(event, Event::YourTurn(_))).await;
                for _ in 0..requests {
                    shutdown.request();
                }
            };
            let playing = play(door, &client, Plan::matches(9).thinking(|_| millis(20)), &seen);
            let (outcome, ()) = in_time(async { tokio::join!(playing, asking) }).await;
            assert!(outcome.is_ok(), "{outcome:?} {seen:?}");
            assert_eq!(seen.finished(), 2 - requests, "{seen:?}");
            check(&pit, &seen, &baseline).await;
        }
    }
}
