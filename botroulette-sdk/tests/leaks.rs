//! Whoever lets go of a tunnel, in whatever phase, leaves no task and no socket behind. A program of its own with one test:
//! tasks and open files are counted for the whole process.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests may panic as tests do"
)]

use std::time::Duration;

use botroulette_sdk::{Client, Incoming, responder};
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpListener;
use tokio::time::{sleep, timeout};
use tokio_tungstenite::accept_async;
use tokio_tungstenite::tungstenite::Message;

const TIMES: usize = 20;

/// How far a tunnel gets before it is let go of.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Phase {
    /// The relay takes the connection and never answers the upgrade.
    Dialling,
    /// It opens the WebSocket and never answers the key.
    Greeting,
    /// The connection was lost, and the next dial waits.
    Waiting,
    /// Requests are being answered.
    Answering,
}

/// Tasks of this runtime that are alive, and files that this process has open where that can be known.
fn alive() -> (usize, Option<usize>) {
    let tasks = tokio::runtime::Handle::current().metrics().num_alive_tasks();
    (tasks, std::fs::read_dir("/proc/self/fd").ok().map(Iterator::count))
}

async fn live_and_end(phase: Phase, politely: bool) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/ws", listener.local_addr().unwrap());
    let client = Client::builder("k").tunnel_url(url).seed(1).build().unwrap();
    let slow = responder(|_: Incoming| async {
        sleep(Duration::from_secs(20)).await;
        Ok("late")
    });
    let connecting = tokio::spawn(client.serve(slow).connect());
    let (stream, _) = listener.accept().await.unwrap();
    stream.set_nodelay(true).unwrap();
    if phase == Phase::Dialling {
        sleep(Duration::from_secs(1)).await;
        connecting.abort();
        return;
    }
    let mut relay = accept_async(stream).await.unwrap();
    relay.next().await.unwrap().unwrap();
    if phase == Phase::Greeting {
        sleep(Duration::from_secs(1)).await;
        connecting.abort();
        return;
    }
    relay.send(Message::text(r#"{"type":"auth_ok"}"#)).await.unwrap();
    let (handle, events) = connecting.await.unwrap().unwrap();
    if phase == Phase::Waiting {
        drop((relay, listener));
        sleep(Duration::from_secs(5)).await;
    } else {
        for id in 0..8 {
            relay.send(Message::text(format!(r#"{{"type":"request","id":{id}}}"#))).await.unwrap();
        }
        sleep(Duration::from_secs(1)).await;
        if politely {
            handle.close().await.unwrap();
        }
        drop(relay);
    }
    drop(events);
    drop(handle);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_left_behind_in_any_phase() {
    for phase in [Phase::Dialling, Phase::Greeting, Phase::Waiting, Phase::Answering] {
        for politely in [true, false] {
            // What is made once and kept is made here.
            live_and_end(phase, politely).await;
            sleep(Duration::from_secs(120)).await;
            let before = alive();
            for _ in 0..TIMES {
                live_and_end(phase, politely).await;
            }
            let settled = async {
                while alive() != before {
                    sleep(Duration::from_secs(1)).await;
                }
            };
            let what = format!("{phase:?}, politely: {politely}");
            timeout(Duration::from_secs(600), settled)
                .await
                .unwrap_or_else(|_| panic!("{what}: {:?}", alive()));
        }
    }
}
