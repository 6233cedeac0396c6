//! Whole flows with this crate's client: a bot that is online in the same process, called by house bots, calling others.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use botroulette_sdk::model::{ListingUpdate, Registration};
use botroulette_sdk::sandbox::{Caller, Fault, HouseBot, Outcome, Sandbox, SandboxBuilder, When};
use botroulette_sdk::sdk_core::error::codes as core_codes;
use botroulette_sdk::sdk_core::http::RetryPolicy;
use botroulette_sdk::{
    Client, Incoming, Registrar, TunnelEvent, TunnelEvents, TunnelHandle, codes, responder,
};
use tokio::time::{Instant, timeout};

use super::stranger::PATIENCE;

fn quiet() -> SandboxBuilder {
    Sandbox::builder().house_calls(0)
}

fn client(sandbox: &Sandbox, name: &str) -> Client {
    let key = sandbox.register(name).unwrap();
    Client::builder(key).url(sandbox.url()).clock(sandbox.clock().clone()).seed(1).build().unwrap()
}

async fn until(events: &mut TunnelEvents, wanted: impl Fn(&TunnelEvent) -> bool) -> TunnelEvent {
    loop {
        let event = timeout(PATIENCE, events.next()).await.expect("an event").expect("one more event");
        if wanted(&event) {
            return event;
        }
    }
}

async fn parrot(client: &Client) -> (TunnelHandle, TunnelEvents) {
    let parrot = responder(|request: Incoming| async move { Ok(format!("{}!", request.message()?)) });
    let (handle, mut events) = client.serve(parrot).connect().await.unwrap();
    until(&mut events, |event| matches!(event, TunnelEvent::Connected(_))).await;
    (handle, events)
}

#[tokio::test(start_paused = true)]
async fn a_bot_is_registered_comes_online_is_called_and_calls() {
    let sandbox = Sandbox::builder().seed(7).start().await.unwrap();
    let registrar = Registrar::new(sandbox.url()).unwrap();
    let bot = Registration::new(
        "Zeph",
        "Suggests recipes for leftovers of any kind",
        "Utilities",
        "zeph@botmakers.net",
    );
    bot.check_against(&registrar.options().await.unwrap()).unwrap();
    let registered = registrar.register(&bot).await.unwrap();
    let client = Client::builder(registered.api_key).url(sandbox.url()).seed(1).build().unwrap();

    let heard: Arc<Mutex<Vec<(String, String)>>> = Arc::default();
    let zeph = responder({
        let heard = heard.clone();
        move |request: Incoming| {
            let heard = heard.clone();
            async move {
                let session = request.session().expect("a session").to_string();
                assert!(request.request_id().is_some() && request.message_id().is_some());
                assert!(request.user_token().is_some() && request.privacy_level().is_open());
                heard.lock().unwrap().push((session, request.message()?.to_owned()));
                Ok("Zeph here.")
            }
        }
    });
    let (handle, mut events) = client.serve(zeph).connect().await.unwrap();
    let TunnelEvent::Connected(connected) =
        until(&mut events, |event| matches!(event, TunnelEvent::Connected(_))).await
    else {
        panic!("connected")
    };
    assert_eq!(connected.service_code.as_ref().unwrap().as_str(), "zeph");
    assert_eq!(connected.tunnel_url, Some(sandbox.address_of("zeph")));
    let zeph = sandbox.bots().into_iter().find(|bot| bot.service_code == "zeph").unwrap();
    assert_eq!((zeph.name.as_str(), zeph.is_online, zeph.is_active, zeph.house), ("Zeph", true, true, None));

    // Three conversations of two or three turns each are over by now.
    tokio::time::sleep(Duration::from_secs(60)).await;
    let heard = std::mem::take(&mut *heard.lock().unwrap());
    let mut sessions: Vec<&str> = heard.iter().map(|(session, _)| session.as_str()).collect();
    sessions.dedup();
    assert_eq!(sessions.len(), 3, "{heard:?}");
    assert!(heard.len() >= 6, "{heard:?}");
    let calls = sandbox.calls();
    assert_eq!(calls.len(), heard.len());
    for call in &calls {
        assert!(matches!(call.from, Caller::House(_)), "{call:?}");
        assert_eq!((call.to.as_str(), call.outcome), ("zeph", Some(Outcome::Answered)), "{call:?}");
        assert_eq!(call.response.as_ref().unwrap().body, r#"{"reply":"Zeph here."}"#);
    }

    // And three turns with somebody of roulette's choice.
    let met = client.roulette().await.unwrap();
    assert_ne!(met.code().unwrap().as_str(), "zeph");
    let mut talk = client.conversation(met.code().unwrap());
    for words in ["Hey, what are you about?", "Tell me more.", "Goodbye!"] {
        assert!(talk.say(words).await.unwrap().text.is_some());
    }
    assert_eq!(talk.turns(), 3);
    let own: Vec<_> =
        sandbox.calls().into_iter().filter(|call| call.from == Caller::Bot("zeph".into())).collect();
    assert_eq!(own.len(), 3);
    assert!(own.iter().all(|call| call.session.as_deref() == talk.session().map(|id| id.as_str())));

    handle.close().await.unwrap();
    handle.closed().await;
    sandbox.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn two_bots_meet() {
    let sandbox = quiet().no_house().start().await.unwrap();
    let (zeph, nova) = (client(&sandbox, "Zeph"), client(&sandbox, "Nova"));
    let lonely = zeph.roulette().await.unwrap_err();
    assert_eq!(*lonely.code(), codes::NO_BOT);
    let _online = parrot(&nova).await;
    assert_eq!(zeph.roulette().await.unwrap().code().unwrap().as_str(), "nova");
    nova.update_listing(&ListingUpdate::new().description("Repeats what it hears, louder")).await.unwrap();
    assert_eq!(zeph.search("louder").await.unwrap().len(), 1);
    let mut talk = zeph.conversation("nova");
    assert_eq!(talk.say("<b>Hello</b> 🦀").await.unwrap().text.as_deref(), Some("<b>Hello</b> 🦀!"));
    assert_eq!(talk.say("Again").await.unwrap().text.as_deref(), Some("Again!"));
    nova.update_listing(&ListingUpdate::new().active(false)).await.unwrap();
    assert!(zeph.search("louder").await.unwrap().is_empty());
    sandbox.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn each_house_bot_is_the_error_or_the_answer_that_it_stands_for() {
    let sandbox = quiet().start().await.unwrap();
    let zeph = client(&sandbox, "Zeph");
    let mut errors = Vec::new();
    for bot in HouseBot::ALL {
        match zeph.conversation(bot.code()).say("Hello, what can you do?").await {
            Ok(answer) => assert!(answer.text.is_some(), "{bot:?}"),
            Err(error) => errors.push((bot, error.code().id())),
        }
    }
    assert_eq!(
        errors,
        [
            (HouseBot::Silent, codes::BOT_TIMEOUT.id()),
            (HouseBot::Offline, codes::BOT_OFFLINE.id()),
            (HouseBot::Html, codes::RESPONSE_BLOCKED.id()),
            (HouseBot::Huge, core_codes::BODY_TOO_LARGE.id()),
            (HouseBot::Failing, core_codes::HTTP_STATUS.id()),
        ]
    );
    // Mallory's orders are fenced.
    let answer = zeph.conversation("mallory").say("Hi").await.unwrap();
    assert!(
        answer
            .untrusted()
            .fenced()
            .to_string()
            .contains(answer.text.as_deref().unwrap().lines().next().unwrap())
    );
    sandbox.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_keeps_the_limits_never_hears_of_them() {
    let sandbox = quiet().start().await.unwrap();
    let zeph = client(&sandbox, "Zeph");
    let start = Instant::now();
    for _ in 0..40 {
        zeph.search("security").await.unwrap();
    }
    for _ in 0..8 {
        zeph.roulette().await.unwrap();
    }
    assert!(start.elapsed() >= Duration::from_secs(22), "{:?}", start.elapsed());

    let key = sandbox.register("Hasty").unwrap();
    let build =
        || Client::builder(key.clone()).url(sandbox.url()).retry(RetryPolicy::none()).build().unwrap();
    for _ in 0..6 {
        build().roulette().await.unwrap();
    }
    let refused = build().http().get(&["roulette"]).send_empty().await.unwrap_err();
    assert_eq!((refused.status(), refused.retry_after()), (Some(429), Some(Duration::from_secs(10))));
    sandbox.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_revoked_key_is_fatal_and_an_offline_bot_comes_back() {
    let sandbox = quiet().start().await.unwrap();
    let (zeph, nova) = (client(&sandbox, "Zeph"), client(&sandbox, "Nova"));
    let (_handle, mut events) = parrot(&zeph).await;
    sandbox.take_offline("zeph");
    until(&mut events, |event| matches!(event, TunnelEvent::Disconnected { .. })).await;
    let error = nova.conversation("zeph").say("Are you there?").await.unwrap_err();
    assert_eq!(*error.code(), codes::BOT_OFFLINE);
    sandbox.let_online("zeph");
    until(&mut events, |event| matches!(event, TunnelEvent::Connected(_))).await;
    assert!(nova.conversation("zeph").say("And now?").await.is_ok());

    sandbox.revoke("zeph");
    let closed = until(&mut events, |event| matches!(event, TunnelEvent::Closed { .. })).await;
    let TunnelEvent::Closed { reason: Some(reason) } = closed else { panic!("{closed:?}") };
    assert_eq!(*reason.code(), core_codes::AUTH_REJECTED);
    assert_eq!(*zeph.search("x").await.unwrap_err().code(), core_codes::AUTH_REJECTED);
    sandbox.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn another_tunnel_with_the_same_key_ends_the_first() {
    let sandbox = quiet().start().await.unwrap();
    let zeph = client(&sandbox, "Zeph");
    let (_first, mut events) = parrot(&zeph).await;
    let _second = parrot(&zeph).await;
    let closed = until(&mut events, |event| matches!(event, TunnelEvent::Closed { .. })).await;
    let TunnelEvent::Closed { reason: Some(reason) } = closed else { panic!("{closed:?}") };
    assert_eq!(*reason.code(), core_codes::SESSION_REPLACED);
    assert!(sandbox.is_online("zeph"));
    sandbox.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_bot_survives_what_breaks_and_answers_no_request_twice() {
    let sandbox = quiet().start().await.unwrap();
    let (zeph, nova) = (client(&sandbox, "Zeph"), client(&sandbox, "Nova"));
    // It thinks for a moment, so that what comes again comes while it does.
    let thoughtful = responder(|_: Incoming| async move {
        tokio::time::sleep(Duration::from_millis(50)).await;
        Ok("Hm.")
    });
    let (_handle, mut events) = zeph.serve(thoughtful).connect().await.unwrap();
    until(&mut events, |event| matches!(event, TunnelEvent::Connected(_))).await;
    for fault in [Fault::DropTcp, Fault::Fin, Fault::TornFrame, Fault::GarbageText, Fault::Duplicate] {
        let is_of_the_frame = matches!(fault, Fault::TornFrame | Fault::Duplicate);
        let when = if is_of_the_frame { When::sending("request") } else { When::sent("request") };
        sandbox.faults().order(fault.clone().on(when).only("zeph")).unwrap();
        // Lost with its connection, or answered all the same; never twice.
        let _ = nova.conversation("zeph").say("Hello?").await;
        timeout(PATIENCE, async {
            while !sandbox.is_online("zeph") {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        })
        .await
        .expect("back online");
        assert!(nova.conversation("zeph").say("And now?").await.is_ok(), "{fault:?}");
        assert_eq!(sandbox.stray_responses(), 0, "{fault:?}");
    }
    assert_eq!(sandbox.faults().injected(), 5);
    sandbox.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_silent_relay_is_noticed_and_left() {
    let sandbox = quiet().start().await.unwrap();
    let zeph = client(&sandbox, "Zeph");
    let (_handle, mut events) = parrot(&zeph).await;
    let start = Instant::now();
    sandbox.faults().order(Fault::HalfOpen).unwrap();
    until(&mut events, |event| matches!(event, TunnelEvent::Disconnected { .. })).await;
    assert!(start.elapsed() <= Duration::from_secs(86), "{:?}", start.elapsed());
    until(&mut events, |event| matches!(event, TunnelEvent::Connected(_))).await;
    sandbox.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_seed_repeats_a_whole_evening() {
    let evening = async |seed| {
        let sandbox = Sandbox::builder().seed(seed).start().await.unwrap();
        let zeph = client(&sandbox, "Zeph");
        let online = parrot(&zeph).await;
        tokio::time::sleep(Duration::from_secs(60)).await;
        let met = zeph.roulette().await.unwrap().code().unwrap().to_string();
        let said = sandbox.calls().into_iter().map(|call| (call.from, call.session, call.request.body));
        let seen = (met, said.collect::<Vec<_>>());
        drop(online);
        sandbox.shutdown().await;
        seen
    };
    let first = evening(5).await;
    assert!(first.1.len() >= 6);
    assert_eq!(evening(5).await, first);
    assert_ne!(evening(6).await, first);
}
