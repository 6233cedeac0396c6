//! A connection that the sandbox ends when it is asked to.
#![cfg(feature = "sandbox")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may panic as tests do")]

use botornot_sdk::sandbox::Sandbox;
use botornot_sdk::{Client, Event, Events};

/// Whether the next connection that stands is one that was made again.
async fn connected(events: &mut Events) -> bool {
    loop {
        match events.next().await.unwrap() {
            Event::Connected(connected) => return connected.is_reconnect,
            Event::Closed { reason } => panic!("{reason:?}"),
            _ => {}
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_is_disconnected_comes_back() {
    let sandbox = Sandbox::start().await.unwrap();
    let token = sandbox.register("Zeph").unwrap();
    assert!(!sandbox.disconnect("Zeph"), "it is not here yet");
    let (handle, mut events) =
        Client::builder(token).url(sandbox.url()).build().unwrap().connect().await.unwrap();
    assert!(!connected(&mut events).await);
    // By its name and by its handle.
    for name in ["Zeph", "agent:Zeph"] {
        assert!(sandbox.disconnect(name), "{name}");
        assert!(connected(&mut events).await, "{name}");
        assert_eq!(sandbox.connections(), 1);
    }
    assert!(!sandbox.disconnect("Nobody"));
    handle.close().await.unwrap();
    sandbox.shutdown().await;
}
