//! A game's event stream.

use kriegspiel_sdk::model::{GameCode, GameEvent, GameStatus};
use kriegspiel_sdk::sdk_core::error::codes;
use kriegspiel_sdk::{Color, GameEvents, Result};

use crate::server::{Answer, Server, answer};

const RECORDED: &str = include_str!("../fixtures/captures/events.txt");

fn open(text: &str) -> Answer {
    Answer::Open(format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nCache-Control: no-cache\r\n\r\n{text}"
    ))
}

async fn events(answer: Answer) -> Result<GameEvents> {
    let server = Server::start([answer]).await;
    let events = server.client().events(&"FS6YG9".parse::<GameCode>().unwrap()).await;
    assert_eq!(server.lines(), ["GET /game/FS6YG9/events"]);
    assert!(server.calls()[0].head.contains("accept: text/event-stream"));
    events
}

#[tokio::test]
async fn a_recorded_stream_ends_with_its_game() {
    let mut events = events(open(RECORDED)).await.unwrap();
    let mut seen = Vec::new();
    while let Some(event) = events.next().await {
        let event = event.unwrap();
        let hint = event.hint().unwrap().clone();
        assert!(hint.extra.is_empty() && hint.updated_at.unwrap().unix_seconds().is_some());
        seen.push((matches!(event, GameEvent::Connected(_)), hint.state, hint.turn, hint.move_number));
    }
    let (active, white, black) = (GameStatus::Active, Some(Color::White), Some(Color::Black));
    assert_eq!(
        seen,
        [
            (true, GameStatus::Waiting, None, 1),
            (false, active.clone(), white, 1),
            (false, active.clone(), black, 2),
            (false, active.clone(), white, 3),
            (false, active, white, 3),
            (false, GameStatus::Completed, None, 3),
        ]
    );
}

#[tokio::test]
async fn what_is_unknown_or_broken_does_not_end_it_and_a_shutdown_does() {
    let text = "event: rain\ndata: 1\n\nevent: game_changed\ndata: {\"game_id\":1}\n\nevent: shutdown\ndata: {}\n\nevent: late\ndata: 1\n\n";
    let mut events = events(open(text)).await.unwrap();
    assert_eq!(
        events.next().await.unwrap().unwrap(),
        GameEvent::Unknown { event: "rain".into(), data: "1".into() }
    );
    let error = events.next().await.unwrap().unwrap_err();
    assert_eq!(error.code(), &codes::DECODE_FAILED);
    assert_eq!(events.next().await.unwrap().unwrap(), GameEvent::Shutdown);
    assert!(events.next().await.is_none());
}

#[tokio::test]
async fn a_server_that_ends_it_or_never_ends_a_line() {
    let Answer::Open(head) = open("event: rain\ndata: 1\n\nevent: cut") else { unreachable!() };
    let mut cut = events(Answer::Raw(head)).await.unwrap();
    assert!(cut.next().await.unwrap().is_ok());
    assert!(cut.next().await.is_none());
    let mut endless = events(open(&"x".repeat(70_000))).await.unwrap();
    assert_eq!(endless.next().await.unwrap().unwrap_err().code(), &codes::MESSAGE_TOO_LARGE);
    assert!(endless.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn silence_ends_it() {
    let mut events = events(open(": keepalive\n\n")).await.unwrap();
    assert_eq!(events.next().await.unwrap().unwrap_err().code(), &codes::SERVER_SILENT);
    assert!(events.next().await.is_none());
}

#[tokio::test]
async fn a_page_for_people_is_no_stream() {
    let error = events(answer(200, "text/html", "<html>")).await.unwrap_err();
    assert_eq!((error.code(), error.field()), (&codes::DECODE_FAILED, Some("content-type")));
}
