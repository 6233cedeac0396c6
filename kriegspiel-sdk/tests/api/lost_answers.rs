//! A move whose answer is lost is never made twice.

use kriegspiel_sdk::model::{GameState, RefereeEvent};
use kriegspiel_sdk::sdk_core::error::codes;
use kriegspiel_sdk::{Error, Reply, Sent, UciMove, codes as own_codes};
use serde_json::{Value, json as value};

use crate::recording::{Exchange, own_captures, read_directory};
use crate::server::{Answer, Server, answer, json, refusal};

/// A recorded state in which White is to move and may ask Any?.
fn recorded() -> Value {
    let offers = |exchange: &Exchange| {
        exchange.path.ends_with("/state")
            && exchange.answer.contains(r#""possible_actions":["move","ask_any"]"#)
    };
    let all = read_directory(&own_captures());
    let exchange = all.iter().flat_map(|(_, exchanges)| exchanges).find(|exchange| offers(exchange)).unwrap();
    serde_json::from_str(&exchange.answer).unwrap()
}

fn before() -> GameState {
    serde_json::from_value(recorded()).unwrap()
}

/// The recorded state after one more own question.
fn after(kind: &str, messages: &[&str], uci: Option<UciMove>, move_done: bool) -> Answer {
    let mut state = recorded();
    let number = state["move_number"].as_u64().unwrap();
    let turn = number.div_ceil(2);
    let prompt = if kind == "ask_any" { "Ask any pawn captures" } else { "Move attempt" };
    let entry = value!({
        "kind": kind, "actor": "self", "prompt": prompt, "message": format!("{prompt} — {}", messages.join(" · ")),
        "messages": messages, "move_uci": uci, "question_type": if kind == "ask_any" { "ASK_ANY" } else { "COMMON" },
    });
    let turns = state["scoresheet"]["turns"].as_array_mut().unwrap();
    match turns.iter_mut().find(|known| known["turn"] == turn) {
        Some(known) => known["white"].as_array_mut().unwrap().push(entry),
        None => turns.push(value!({"turn": turn, "white": [entry], "black": []})),
    }
    if move_done {
        state["move_number"] = (number + 1).into();
        state["turn"] = "black".into();
        state["possible_actions"] = value!([]);
        state["allowed_moves"] = value!([]);
    } else if let Some(uci) = uci {
        state["allowed_moves"].as_array_mut().unwrap().retain(|known| *known != uci.to_string());
    }
    json(200, &state.to_string())
}

fn unchanged() -> Answer {
    json(200, &recorded().to_string())
}

/// A recorded answer to a move that was made.
fn made() -> Answer {
    let all = read_directory(&own_captures());
    let done = |exchange: &&Exchange| {
        exchange.path.ends_with("/move") && exchange.answer.starts_with(r#"{"move_done":true"#)
    };
    all.iter().flat_map(|(_, exchanges)| exchanges).find(done).unwrap().replayed()
}

/// Makes the first allowed move against a script; what came of it, and which calls were made.
async fn make_move(script: impl IntoIterator<Item = Answer>) -> (Result<Reply, Error>, Vec<String>) {
    let server = Server::start(script).await;
    let state = before();
    let reply = server.client().make_move(&state, state.allowed_moves[0]).await;
    let calls = server.lines().iter().map(|line| line.replace(state.game_id.as_str(), "G")).collect();
    (reply, calls)
}

const MOVE: &str = "POST /game/G/move";
const LOOK: &str = "GET /game/G/state";

fn first() -> Option<UciMove> {
    before().allowed_moves.first().copied()
}

#[tokio::test]
async fn a_move_that_was_made_is_not_made_again() {
    for lost in [
        Answer::Vanish,
        answer(500, "text/plain", "Internal Server Error"),
        answer(502, "text/html", "<html>"),
        json(200, "{"),
    ] {
        let found = after("capture", &["Capture done at D5", "Check on file"], first(), true);
        let (reply, calls) = make_move([lost, found]).await;
        let reply = reply.unwrap();
        assert!(reply.is_move_done() && !reply.is_game_over());
        assert_eq!(reply.events()[0], RefereeEvent::Captured { piece: None, at: "d5".parse().unwrap() });
        assert_eq!(calls, [MOVE, LOOK]);
    }
}

#[tokio::test]
async fn a_move_that_was_refused_is_not_tried_again() {
    let (reply, calls) =
        make_move([Answer::Vanish, after("illegal_move", &["Illegal move"], first(), false)]).await;
    let reply = reply.unwrap();
    assert!(!reply.is_move_done());
    assert_eq!(reply.events(), [RefereeEvent::IllegalMove]);
    assert_eq!(calls, [MOVE, LOOK]);
}

#[tokio::test]
async fn only_a_move_that_did_not_arrive_is_sent_again() {
    let (reply, calls) = make_move([Answer::Vanish, unchanged(), made()]).await;
    assert!(matches!(reply.unwrap(), Reply::Answer(answer) if answer.move_done));
    assert_eq!(calls, [MOVE, LOOK, MOVE]);
}

#[tokio::test]
async fn a_first_one_that_came_late_is_found() {
    let done = || after("move", &["Move complete"], first(), true);
    for second in [Answer::Vanish, refusal(400, "NOT_YOUR_TURN"), refusal(404, "GAME_NOT_FOUND")] {
        let (reply, calls) = make_move([Answer::Vanish, unchanged(), second, done()]).await;
        assert!(reply.unwrap().is_move_done());
        assert_eq!(calls, [MOVE, LOOK, MOVE, LOOK]);
    }
}

#[tokio::test]
async fn after_two_losses_nothing_more_is_sent() {
    let (reply, calls) = make_move([Answer::Vanish, unchanged(), Answer::Vanish, unchanged()]).await;
    let error = reply.unwrap_err();
    assert_eq!((error.code(), error.sent()), (&codes::CONNECTION_LOST, Sent::Maybe));
    assert!(error.message().contains("the state shows nothing of it"), "{error}");
    assert_eq!(calls, [MOVE, LOOK, MOVE, LOOK]);
}

#[tokio::test]
async fn a_game_that_ended_meanwhile_takes_no_move() {
    let mut state = recorded();
    state["state"] = "completed".into();
    state["result"] = value!({"winner": "black", "reason": "timeout"});
    state["turn"] = Value::Null;
    let (reply, calls) = make_move([Answer::Vanish, json(200, &state.to_string())]).await;
    let reply = reply.unwrap();
    assert!(!reply.is_move_done() && reply.is_game_over() && reply.events().is_empty());
    assert_eq!(calls, [MOVE, LOOK]);
}

#[tokio::test]
async fn when_the_state_cannot_be_read_either_nobody_knows() {
    let (reply, calls) = make_move([Answer::Vanish, answer(503, "text/html", "<html>")]).await;
    let error = reply.unwrap_err();
    assert_eq!(error.sent(), Sent::Maybe);
    assert!(error.message().contains("the state cannot be read either"), "{error}");
    assert_eq!(calls, [MOVE, LOOK]);
}

#[tokio::test]
async fn a_refusal_is_an_answer() {
    let (reply, calls) = make_move([refusal(400, "NOT_YOUR_TURN")]).await;
    assert_eq!(reply.unwrap_err().status(), Some(400));
    assert_eq!(calls, [MOVE]);
}

#[tokio::test]
async fn any_is_not_asked_twice() {
    let found = after("ask_any", &["Has pawn captures"], None, false);
    let server = Server::start([Answer::Vanish, found]).await;
    let reply = server.client().ask_any(&before()).await.unwrap();
    assert_eq!(reply.events(), [RefereeEvent::HasPawnCaptures]);
    assert_eq!(server.calls().len(), 2);
}

#[tokio::test]
async fn what_the_state_does_not_offer_is_not_sent() {
    let server = Server::start([]).await;
    let client = server.client();
    let mut state = before();
    let error = client.make_move(&state, "a1a8".parse().unwrap()).await.unwrap_err();
    assert_eq!((error.code(), error.field()), (&own_codes::NOT_POSSIBLE_NOW, Some("uci")));
    state.turn = Some(!state.your_color);
    let error = client.make_move(&state, state.allowed_moves[0]).await.unwrap_err();
    assert!(error.message().contains("out of turn"), "{error}");
    let error = client.ask_any(&state).await.unwrap_err();
    assert_eq!((error.code(), error.field()), (&own_codes::NOT_POSSIBLE_NOW, Some("ask_any")));
    assert!(server.calls().is_empty());
}
