//! Rows 13 to 16: frames and messages that are not what they should be.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use botpit_sdk::sandbox::{Fault, When};
use botpit_sdk::{Client, Event};
use sdk_core::error::{ErrorKind, codes};
use tokio_tungstenite::tungstenite::Message;

use super::player::{Door, Plan, Seen, play};
use super::scene::{Baseline, Scene, bounded};
use super::scripted::{Heard, Scripted, Ws};

/// Every message that a match brings.
const MESSAGES: [&str; 8] = [
    "authenticated",
    "queue_joined",
    "match_found",
    "game_start",
    "your_turn",
    "opponent_moved",
    "round_result",
    "game_over",
];

fn decode_errors(seen: &Seen) -> Vec<sdk_core::Error> {
    seen.all(|event| match event {
        Event::DecodeError(error) => Some(error.clone()),
        _ => None,
    })
}

#[tokio::test(start_paused = true)]
async fn row_13_an_end_without_a_code_and_a_torn_frame_are_survived_everywhere() {
    for fault in [Fault::Fin, Fault::TornFrame, Fault::DropTcp] {
        for message in MESSAGES {
            Scene::each(async |scene| {
                scene.order(fault.clone().on(When::sending(message)));
                let played = scene.play(Plan::matches(1)).await;
                let seen = &played.seen;
                assert!(played.outcome.is_ok(), "{:?} {seen:?}", played.outcome);
                // An end that was sent and never arrived is not told again: the match is given up for lost.
                let lost = seen.count(|event| matches!(event, Event::MatchLost { .. }));
                assert_eq!((seen.finished(), lost), if message == "game_over" { (0, 1) } else { (1, 0) });
                assert_eq!(decode_errors(seen).len(), 0, "a partial frame surfaced: {seen:?}");
                let codes = seen.cause_codes();
                assert!(codes.iter().all(|code| *code == "connection_lost"), "{message}: {codes:?}");
            })
            .await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn row_13_a_close_frame_without_a_code_is_a_reason_to_come_back() {
    for door in Door::BOTH {
        let server = Scripted::serve(|number, socket| async move {
            let mut ws = Ws::greet(socket).await;
            if number == 0 {
                ws.begin_match("m-1").await;
                ws.close(None, "").await;
                return;
            }
            ws.end_match("m-1").await;
            ws.goodbye().await;
        })
        .await;
        let (seen, client) = (Seen::default(), Client::builder("k").url(server.url()).build().unwrap());
        let outcome = bounded("no code", play(door, &client, Plan::matches(1), &seen)).await;
        assert!(outcome.is_ok(), "{outcome:?} {seen:?}");
        assert_eq!(seen.cause_codes(), ["closed_by_server"]);
        assert_eq!(seen.causes()[0].close_code(), None);
        server.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn row_14_what_is_no_websocket_ends_the_connection_and_not_the_bot() {
    for fault in [Fault::InvalidUtf8, Fault::ReservedBits, Fault::BadOpcode, Fault::MaskedFrame] {
        for message in ["authenticated", "queue_joined", "your_turn", "round_result"] {
            Scene::each(async |scene| {
                scene.order(fault.clone().on(When::sent(message)));
                let played = scene.play(Plan::matches(1)).await;
                let seen = played.finished(1);
                assert_eq!(seen.cause_codes(), ["protocol_violation"], "{fault:?} at {message}: {seen:?}");
                assert_eq!(decode_errors(seen).len(), 0);
            })
            .await;
        }
    }
}

/// Sends `frame` after the greeting of the first connection; the code of the close frame that answers it.
async fn close_code_for(frame: &[u8]) -> Option<u16> {
    let frame = Arc::<[u8]>::from(frame);
    let code = Arc::<Mutex<Option<u16>>>::default();
    let server = Scripted::serve({
        let code = code.clone();
        move |number, socket| {
            let (code, frame) = (code.clone(), frame.clone());
            async move {
                let mut ws = Ws::greet(socket).await;
                if number > 0 {
                    return ws.close(Some(1_000), "").await;
                }
                ws.raw(&frame).await.unwrap();
                match ws.hear().await {
                    Heard::Close(told) => *code.lock().unwrap() = told,
                    other => panic!("{other:?}"),
                }
            }
        }
    })
    .await;
    let (seen, client) = (Seen::default(), Client::builder("k").url(server.url()).build().unwrap());
    let outcome = bounded("garbage", play(Door::Handler, &client, Plan::matches(0), &seen)).await;
    assert!(outcome.is_ok(), "{outcome:?} {seen:?}");
    assert_eq!(server.dials().len(), 2);
    server.end().await;
    *code.lock().unwrap()
}

#[tokio::test(start_paused = true)]
async fn row_14_and_16_the_server_is_told_by_a_close_code() {
    assert_eq!(close_code_for(&[0x81, 0x02, 0xff, 0xfe]).await, Some(1_007), "text that is not UTF-8");
    assert_eq!(close_code_for(&[0x83, 0x00]).await, Some(1_002), "an opcode that does not exist");
    assert_eq!(close_code_for(&[0xc1, 0x00]).await, Some(1_002), "a reserved bit");
    assert_eq!(close_code_for(&[0x81, 0x80, 1, 2, 3, 4]).await, Some(1_002), "a masked frame");
    assert_eq!(close_code_for(&[0x80, 0x00]).await, Some(1_002), "a continuation of nothing");
    let long_ping = [&[0x89, 0x7e, 0x00, 0x80][..], &[b'x'; 0x80]].concat();
    assert_eq!(close_code_for(&long_ping).await, Some(1_002), "a ping that is too long");
    assert_eq!(close_code_for(&[0x81, 0x7f, 0, 0, 0, 0, 0, 0x20, 0, 0]).await, Some(1_009), "2 MiB");
    assert_eq!(
        close_code_for(&[0x81, 0x7f, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]).await,
        Some(1_009)
    );
}

#[tokio::test(start_paused = true)]
async fn row_15_a_broken_field_is_named_and_the_match_is_finished() {
    let fields = [
        ("match_found", "server_seed_hash"),
        ("match_found", "match_id"),
        ("game_start", "your_side"),
        ("your_turn", "timeout_ms"),
        ("your_turn", "round"),
        ("opponent_moved", "match_id"),
        ("round_result", "round"),
        ("round_result", "score"),
        ("game_over", "final_score"),
        ("game_over", "winner"),
        ("game_over", "payout_lamports"),
        ("queue_joined", "position"),
    ];
    for (message, field) in fields {
        Scene::each(async |scene| {
            let fault = Fault::BrokenField { field: Some(field.into()) };
            scene.order(fault.on(When::sending(message)));
            let played = scene.play(Plan::matches(2)).await;
            let seen = &played.seen;
            assert!(played.outcome.is_ok(), "{:?} {seen:?}", played.outcome);
            // How a match ended whose end could not be read is not known here.
            let lost = seen.count(|event| matches!(event, Event::MatchLost { .. }));
            assert_eq!((seen.finished(), lost), if message == "game_over" { (1, 1) } else { (2, 0) });
            let errors = decode_errors(seen);
            assert_eq!(errors.len(), 1, "{message}.{field}: {seen:?}");
            let error = &errors[0];
            assert_eq!((error.code(), error.kind()), (&codes::DECODE_FAILED, ErrorKind::Decode));
            assert_eq!(error.field(), Some(field), "{error:?}");
            assert!(error.message().contains(message), "{error:?}");
            assert_eq!(seen.reconnects(), 0, "the connection goes on");
            let matches = scene.sandbox.matches();
            assert_eq!(matches.len(), 2);
            assert!(matches.iter().all(|played| played.ended.is_some()));
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn row_15_what_is_unknown_or_no_message_is_handed_on() {
    for message in MESSAGES {
        Scene::each(async |scene| {
            scene.order(Fault::UnknownMessage.on(When::sent(message)));
            let played = scene.play(Plan::matches(1)).await;
            let seen = played.finished(1);
            // What comes with the end of the match may meet a bot that is on its way out.
            let unknown = seen.count(|event| matches!(event, Event::Unknown(_)));
            assert!(unknown == 1 || message == "game_over", "{message}: {seen:?}");
            assert_eq!((seen.reconnects(), decode_errors(seen).len()), (0, 0));
        })
        .await;
    }
    // A message in a binary frame is a message all the same; what is no JSON is none.
    for (fault, errors) in [(Fault::GarbageText, 1), (Fault::Binary, 0)] {
        Scene::each(async |scene| {
            scene.order(fault.clone().on(When::sending("opponent_moved")));
            let played = scene.play(Plan::matches(1)).await;
            let seen = played.finished(1);
            assert_eq!(decode_errors(seen).len(), errors, "{fault:?}: {seen:?}");
            assert!(decode_errors(seen).iter().all(|error| error.kind() == ErrorKind::Decode));
            assert_eq!(seen.reconnects(), 0);
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn row_16_a_message_beyond_the_limit_ends_the_connection_and_not_the_match() {
    for message in ["authenticated", "your_turn"] {
        Scene::each(async |scene| {
            scene.order(Fault::Huge { bytes: 2 << 20 }.on(When::sent(message)));
            let played = scene.play(Plan::matches(1)).await;
            assert_eq!(played.finished(1).cause_codes(), ["message_too_large"], "{:?}", played.seen);
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn row_16_a_million_tiny_fragments_are_one_message_or_too_many() {
    Scene::each(async |scene| {
        // A million bytes are within the default limit, and beyond half of it.
        let too_large = scene.door == Door::Handler;
        scene.order(Fault::Fragments { count: 1_000_000 }.on(When::sending("your_turn")));
        let client = scene.client().max_message(if too_large { 512 << 10 } else { 1 << 20 });
        let played = scene.play_with(client, Plan::matches(1)).await;
        let codes = played.finished(1).cause_codes();
        assert_eq!(codes, if too_large { vec!["message_too_large"] } else { vec![] });
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn row_16_a_flood_that_nobody_reads_is_bounded_and_counted() {
    const FLOOD: usize = 20_000;
    let baseline = Baseline::measure().await;
    let server = Scripted::serve(|_, socket| async move {
        let mut ws = Ws::greet(socket).await;
        for number in 0..FLOOD {
            let text = format!("{{\"type\":\"queue_update\",\"position\":{number}}}");
            ws.frame(Message::text(text)).await;
        }
        ws.close(Some(1_000), "").await;
    })
    .await;
    let client = Client::builder("k").url(server.url()).event_queue(100, 1 << 20).build().unwrap();
    let (handle, mut events) = client.connect().await.unwrap();
    handle.closed().await;
    let (mut kept, mut dropped) = (0, 0);
    while let Some(event) = bounded("the events", events.next()).await {
        match event {
            Event::Lagged { dropped: count, .. } => dropped += count,
            Event::QueueUpdate(_) => kept += 1,
            _ => {}
        }
    }
    assert!(kept <= 100, "{kept} events were kept");
    assert!(usize::try_from(dropped).unwrap() >= FLOOD - 100, "{dropped} are told to be missing");
    drop(handle);
    tokio::time::sleep(Duration::from_millis(1)).await;
    server.end().await;
    baseline.restored().await;
}
