//! Games that were played over HTTP: what each side was told in the end, and on the way.

use std::collections::HashMap;
use std::path::Path;

use kriegspiel_sdk::model::{
    Announcement, CreatedGame, GameState, GameStatus, MoveAnswer, Resigned, Transcript, TranscriptAnswer,
};
use kriegspiel_sdk::sandbox::referee::{Question, Record, Referee};
use kriegspiel_sdk::{Color, UciMove};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{files, fixtures};

#[test]
fn the_games_of_this_repository() {
    let compared = replay(&fixtures("games"));
    assert!(
        compared.answers >= 24 && compared.states >= 14 && compared.records >= 19 && compared.left_out == 0,
        "{compared:?}"
    );
}

/// Further directories, with the path separator of the system between.
#[test]
fn further_games() {
    let Some(directories) = std::env::var_os("KRIEGSPIEL_CAPTURES") else { return };
    for directory in std::env::split_paths(&directories) {
        println!("{}: {:?}, no difference", directory.display(), replay(&directory));
    }
}

/// The games of a recording, by code and by id in any case.
#[derive(Default)]
struct Games {
    referees: Vec<Referee>,
    names: HashMap<String, usize>,
}

#[derive(Debug, Default)]
struct Compared {
    answers: usize,
    states: usize,
    records: usize,
    /// Games of which some moves are not in the recording. They are compared up to there.
    left_out: usize,
}

fn replay(directory: &Path) -> Compared {
    let mut compared = Compared::default();
    for path in files(directory, ".jsonl") {
        let mut games = Games::default();
        for line in std::fs::read_to_string(&path).unwrap().lines() {
            let exchange: Value = serde_json::from_str(line).unwrap();
            let place = format!("{}#{}", exchange["scenario"], exchange["seq"]);
            compare(&exchange, &mut games, &mut compared, &place);
        }
    }
    compared
}

fn compare(exchange: &Value, games: &mut Games, compared: &mut Compared, place: &str) {
    let (request, response) = (&exchange["request"], &exchange["response"]);
    let path: Vec<&str> = request["path"].as_str().unwrap().trim_start_matches('/').split('/').collect();
    if !matches!(response["status"].as_u64(), Some(200 | 201)) {
        return;
    }
    match path.as_slice() {
        ["game", "create"] => {
            let created: CreatedGame = body(response);
            let index = games.referees.len();
            games.referees.push(Referee::new(created.rule_variant).unwrap());
            for name in [created.game_code.to_string(), created.game_id.to_string()] {
                games.names.insert(name.to_lowercase(), index);
            }
        }
        ["game", game, what] => {
            let Some(&index) = games.names.get(&game.to_lowercase()) else { return };
            let referee = &mut games.referees[index];
            match *what {
                "move" => {
                    let told: MoveAnswer = body(response);
                    let submitted: Value = body(request);
                    // The platform strips blanks.
                    let Ok(uci) = submitted["uci"].as_str().unwrap().trim().parse::<UciMove>() else {
                        // `0000`, which the platform reads as a move and nobody can make.
                        assert!(!told.move_done, "{place}");
                        return;
                    };
                    compare_answer(referee, uci.into(), &told, place);
                    compared.answers += 1;
                }
                "ask-any" => {
                    compare_answer(referee, Question::Any, &body(response), place);
                    compared.answers += 1;
                }
                "resign" => {
                    let resigned: Resigned = body(response);
                    assert!(referee.resign(!resigned.result.winner.unwrap()));
                    assert_eq!(referee.result(), Some(&resigned.result), "{place}");
                }
                "state" => {
                    let state: GameState = body(response);
                    if state.move_number > referee.move_number() {
                        games.names.retain(|_, named| *named != index);
                        compared.left_out += 1;
                        return;
                    }
                    compared.states += usize::from(compare_state(referee, &state, place));
                }
                "moves" => compared.records += compare_transcript(referee, &body(response), place),
                _ => {}
            }
        }
        _ => {}
    }
}

fn body<T: DeserializeOwned>(message: &Value) -> T {
    serde_json::from_str(message["body"].as_str().unwrap()).unwrap()
}

fn compare_answer(referee: &mut Referee, question: Question, told: &MoveAnswer, place: &str) {
    let answer = referee.ask(question);
    let transcript = TranscriptAnswer::from(&answer);
    assert_eq!(answer.is_move_done(), told.move_done, "{place}");
    assert_eq!(answer.main, told.announcement, "{place}");
    assert_eq!(transcript.special, told.special_announcement, "{place}");
    assert_eq!(transcript.checks, told.checks, "{place}");
    assert_eq!(transcript.capture_square, told.capture_square, "{place}");
    assert_eq!(transcript.captured_piece_announcement, told.captured_piece_announcement, "{place}");
    assert_eq!(transcript.dropped_piece_announcement, told.dropped_piece_announcement, "{place}");
    assert_eq!(transcript.en_passant_announced, told.en_passant_announced, "{place}");
    assert_eq!(transcript.promotion_announced, told.promotion_announced, "{place}");
    assert_eq!(transcript.next_turn_pawn_tries, told.next_turn_pawn_tries, "{place}");
    assert_eq!(transcript.next_turn_has_pawn_capture, told.next_turn_has_pawn_capture, "{place}");
    assert_eq!(transcript.next_turn_pawn_try_squares, told.next_turn_pawn_try_squares, "{place}");
    assert_eq!((answer.events(), answer.pawn_news()), (told.events(), told.pawn_news()), "{place}");
    assert_eq!((Some(referee.turn()), referee.is_over()), (told.turn, told.game_over), "{place}");
    let is_any = matches!(answer.main, Announcement::HasAny | Announcement::NoAny);
    assert_eq!(told.has_any.is_some(), is_any, "{place}");
}

/// Whether there was something to compare: the referee knows nothing of a game that waits, and of one that a clock ended.
fn compare_state(referee: &Referee, state: &GameState, place: &str) -> bool {
    let over = state.state == GameStatus::Completed;
    if state.state == GameStatus::Waiting || over != referee.is_over() {
        return false;
    }
    let color = state.your_color;
    let fen = if over { referee.fen() } else { referee.private_fen(color) };
    assert_eq!(state.your_fen, fen, "{place}");
    assert_eq!(&*state.allowed_moves, referee.allowed(color), "{place}");
    assert_eq!(state.possible_actions, referee.possible_actions(color), "{place}");
    assert_eq!(state.move_number, referee.move_number(), "{place}");
    assert_eq!(state.result.as_ref(), referee.result(), "{place}");
    assert_eq!(state.material_summary, referee.material(), "{place}");
    assert_eq!(state.reserve_summary, referee.reserves(), "{place}");
    assert_eq!(state.scoresheet, referee.scoresheet(color), "{place}");
    true
}

fn compare_transcript(referee: &Referee, transcript: &Transcript, place: &str) -> usize {
    let mut again = Referee::new(transcript.rule_variant.clone()).unwrap();
    assert_eq!(transcript.moves.len(), referee.records().len(), "{place}");
    for (told, record) in transcript.moves.iter().zip(referee.records()) {
        let Record { color, question, answer, .. } = record;
        assert_eq!(told.color, *color, "{place}");
        assert_eq!(told.question_type, question.kind(), "{place}");
        assert_eq!(told.uci.as_ref().and_then(|uci| uci.known()).copied(), question.uci(), "{place}");
        assert_eq!(told.answer, TranscriptAnswer::from(answer), "{place}");
        assert_eq!(told.move_done, answer.is_move_done(), "{place}");
        assert_eq!(&again.ask(*question), answer, "{place}");
        if let Some(boards) = &told.replay_fen {
            assert_eq!(boards.full, again.fen(), "{place}");
            assert_eq!(boards.white, again.private_fen(Color::White), "{place}");
            assert_eq!(boards.black, again.private_fen(Color::Black), "{place}");
        }
    }
    transcript.moves.len()
}
