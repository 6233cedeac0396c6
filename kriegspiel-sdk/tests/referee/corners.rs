//! The corners of the rules, one by one.

use kriegspiel_sdk::model::{
    AnnouncedPiece, Announcement, Color, EndReason, PossibleAction, SpecialAnnouncement, SquareSet,
};
use kriegspiel_sdk::sandbox::referee::{Answer, Question, Referee};
use kriegspiel_sdk::sdk_core::error::codes;
use kriegspiel_sdk::{Ruleset, Square};

use crate::uci;

fn from(ruleset: Ruleset, fen: &str) -> Referee {
    Referee::from_fen(ruleset, fen).unwrap()
}

fn ask(referee: &mut Referee, text: &str) -> Answer {
    referee.ask(uci(text))
}

fn main_of(referee: &mut Referee, text: &str) -> Announcement {
    ask(referee, text).main
}

fn allows(referee: &Referee, text: &str) -> bool {
    referee.allowed(referee.turn()).contains(&uci(text))
}

fn square(text: &str) -> Square {
    text.parse().unwrap()
}

/// The king on a5 and the rook on h5: en passant would clear the rank.
const PINNED_EN_PASSANT: &str = "8/8/8/KPp4r/8/8/8/4k3 w - c6 0 2";
/// One of three diagonals captures.
const ONE_CAPTURE: &str = "4k3/8/8/4p3/3P2P1/8/8/4K3 w - - 0 1";

#[test]
fn an_en_passant_try_may_be_asked_where_no_capture_is_told() {
    for ruleset in [Ruleset::Cincinnati, Ruleset::Wild16, Ruleset::Rand] {
        let mut referee = from(ruleset, PINNED_EN_PASSANT);
        assert!(allows(&referee, "b5c6") && !allows(&referee, "b5a6"));
        assert_eq!(main_of(&mut referee, "b5c6"), Announcement::IllegalMove);
        assert!(!allows(&referee, "b5c6"));
        assert_eq!(referee.turn(), Color::White);
    }
}

#[test]
fn no_pawn_captures_rules_out_en_passant_too() {
    for ruleset in [Ruleset::BerkeleyAny, Ruleset::English, Ruleset::Crazykrieg] {
        let mut referee = from(ruleset, PINNED_EN_PASSANT);
        assert!(allows(&referee, "b5c6"));
        assert_eq!(referee.ask(Question::Any).main, Announcement::NoAny);
        assert!(!allows(&referee, "b5c6") && !allows(&referee, "b5a6") && allows(&referee, "b5b6"));
        assert!(!referee.can_ask_any(Color::White));
    }
}

#[test]
fn berkeley_any_obliges_until_a_capture_succeeds() {
    let mut referee = from(Ruleset::BerkeleyAny, ONE_CAPTURE);
    assert_eq!(main_of(&mut referee, "g4h5"), Announcement::IllegalMove);
    assert_eq!(referee.ask(Question::Any).main, Announcement::HasAny);
    assert!(referee.must_capture());
    assert_eq!(referee.possible_actions(Color::White), [PossibleAction::Move]);
    // The diagonal that was refused before stays out.
    assert_eq!(referee.allowed(Color::White), ["d4c5", "d4e5", "g4f5"].map(uci));
    assert_eq!(main_of(&mut referee, "d4c5"), Announcement::IllegalMove);
    assert_eq!(main_of(&mut referee, "e1e2"), Announcement::ImpossibleToAsk);
    assert!(referee.must_capture());
    let answer = ask(&mut referee, "d4e5");
    assert_eq!((answer.main, answer.capture_square), (Announcement::CaptureDone, Some(square("e5"))));
    assert!(!referee.must_capture() && referee.can_ask_any(Color::Black));
}

#[test]
fn one_failed_try_releases_and_brings_the_refused_back() {
    for ruleset in [Ruleset::English, Ruleset::Crazykrieg] {
        let mut referee = from(ruleset, ONE_CAPTURE);
        ask(&mut referee, "g4h5");
        assert_eq!(referee.ask(Question::Any).main, Announcement::HasAny);
        assert_eq!(main_of(&mut referee, "e1e2"), Announcement::ImpossibleToAsk);
        assert_eq!(main_of(&mut referee, "d4c5"), Announcement::IllegalMove);
        assert!(!referee.must_capture() && !referee.can_ask_any(Color::White));
        assert!(allows(&referee, "g4h5") && allows(&referee, "e1e2") && !allows(&referee, "d4c5"));
        assert_eq!(referee.ask(Question::Any).main, Announcement::ImpossibleToAsk);
        assert!(ask(&mut referee, "e1e2").is_move_done());
    }
}

#[test]
fn a_move_outside_is_answered_as_the_ruleset_has_it() {
    for (ruleset, expected, recorded) in [
        (Ruleset::Berkeley, Announcement::ImpossibleToAsk, 0),
        (Ruleset::BerkeleyAny, Announcement::ImpossibleToAsk, 0),
        (Ruleset::Cincinnati, Announcement::Nonsense, 0),
        (Ruleset::Wild16, Announcement::IllegalMove, 2),
        (Ruleset::Rand, Announcement::Nonsense, 0),
        (Ruleset::English, Announcement::IllegalMove, 2),
        (Ruleset::Crazykrieg, Announcement::Nonsense, 0),
    ] {
        let mut referee = Referee::new(ruleset.clone()).unwrap();
        let before = referee.allowed(Color::White).to_vec();
        for _ in 0..2 {
            assert_eq!(main_of(&mut referee, "e2e7"), expected, "{ruleset}");
        }
        assert_eq!(referee.allowed(Color::White), before);
        assert_eq!(referee.records().len(), recorded, "{ruleset}");
        let hears = referee.scoresheet(Color::Black).entries().count();
        assert_eq!(hears, if ruleset == Ruleset::English { 2 } else { 0 }, "{ruleset}");
        assert_eq!(referee.scoresheet(Color::White).entries().count(), recorded, "{ruleset}");
    }
}

#[test]
fn any_is_asked_only_where_the_ruleset_has_it() {
    for ruleset in Ruleset::ALL {
        let mut referee = Referee::new(ruleset.clone()).unwrap();
        let has_it = ruleset.surface().unwrap().ask_any.is_some();
        assert_eq!(referee.can_ask_any(Color::White), has_it);
        assert!(!referee.can_ask_any(Color::Black));
        let expected = if has_it { Announcement::NoAny } else { Announcement::ImpossibleToAsk };
        assert_eq!(referee.ask(Question::Any).main, expected, "{ruleset}");
    }
}

#[test]
fn castling_may_be_asked_in_check_and_is_refused() {
    let mut referee = from(Ruleset::Berkeley, "4k3/8/8/8/4r3/8/8/R3K2R w KQ - 0 1");
    assert_eq!(main_of(&mut referee, "e1g1"), Announcement::IllegalMove);
    assert_eq!(main_of(&mut referee, "e1c1"), Announcement::IllegalMove);
}

#[test]
fn an_own_man_on_the_knights_square_stops_long_castling() {
    for (ruleset, pocket) in [(Ruleset::Berkeley, ""), (Ruleset::Crazykrieg, "[]")] {
        let mut referee = from(ruleset.clone(), &format!("1n2k3/8/8/8/8/8/8/RN2K2R{pocket} w KQ - 0 1"));
        assert!(!allows(&referee, "e1c1") && allows(&referee, "e1g1"));
        assert!(ask(&mut referee, "e1g1").is_move_done());
        assert!(referee.fen().as_str().starts_with(&format!("1n2k3/8/8/8/8/8/8/RN3RK1{pocket} b - -")));

        let mut referee = from(ruleset, &format!("1n2k3/8/8/8/8/8/8/R3K2R{pocket} w KQ - 0 1"));
        assert!(ask(&mut referee, "e1c1").is_move_done());
        assert!(referee.fen().as_str().starts_with(&format!("1n2k3/8/8/8/8/8/8/2KR3R{pocket} b - -")));
    }
}

#[test]
fn wild16_counts_a_promoting_capture_once() {
    let mut referee = from(Ruleset::Wild16, "1r1rk3/2P5/8/8/8/8/8/4K3 b - - 0 1");
    assert_eq!(ask(&mut referee, "e8e7").pawn_tries, Some(2));
    assert!(allows(&referee, "c7b8n") && allows(&referee, "c7d8q") && !allows(&referee, "c7b8"));
}

#[test]
fn rand_tells_promotions_and_the_squares_of_pawns() {
    let mut referee = from(Ruleset::Rand, "1r1rk3/2P5/8/8/8/8/8/4K3 b - - 0 1");
    let told = ask(&mut referee, "e8e7").pawn_try_squares;
    assert_eq!(told, Some(SquareSet::from_iter([square("c7")])));
    let answer = ask(&mut referee, "c7b8q");
    assert!(answer.promotion);
    assert_eq!(answer.captured, Some(AnnouncedPiece::Piece));
    assert_eq!(answer.pawn_try_squares, Some(SquareSet::EMPTY));
}

#[test]
fn a_double_check_tells_both_in_the_order_of_the_squares() {
    let mut referee = from(Ruleset::English, "4k3/8/8/8/4N3/8/8/K3R3 w - - 0 1");
    let answer = ask(&mut referee, "e4d6");
    assert_eq!(answer.special, Some(SpecialAnnouncement::CheckDouble));
    assert_eq!(answer.checks, [SpecialAnnouncement::CheckFile, SpecialAnnouncement::CheckKnight]);
}

#[test]
fn english_names_en_passant_on_the_landing_square() {
    for (ruleset, at, named) in
        [(Ruleset::English, "d6", true), (Ruleset::Berkeley, "d5", false), (Ruleset::Crazykrieg, "d5", false)]
    {
        let mut referee = from(ruleset, "4k3/8/8/2PpP3/8/8/8/4K3 w - d6 0 2");
        let answer = ask(&mut referee, "c5d6");
        assert_eq!((answer.capture_square, answer.en_passant), (Some(square(at)), named));
    }
}

#[test]
fn a_promoted_man_is_captured_as_a_pawn_in_crazykrieg() {
    let mut referee = from(Ruleset::Crazykrieg, "4k3/8/8/8/7q/8/8/K6Q~[] b - - 0 1");
    let answer = ask(&mut referee, "h4h1");
    assert_eq!(answer.captured, Some(AnnouncedPiece::Pawn));
    assert_eq!(referee.reserves().black.pawns, 1);
    assert_eq!(referee.material().white.pieces_remaining, 1);
}

#[test]
fn a_drop_on_a_hidden_man_is_illegal_and_public() {
    let mut referee = from(Ruleset::Crazykrieg, "4k3/8/8/4n3/8/8/8/4K3[NP] w - - 0 1");
    assert_eq!(main_of(&mut referee, "N@e5"), Announcement::IllegalMove);
    assert_eq!(referee.scoresheet(Color::Black).entries().count(), 1);
    assert_eq!(main_of(&mut referee, "P@e8"), Announcement::Nonsense);
    assert_eq!(main_of(&mut referee, "N@e1"), Announcement::Nonsense);
    let answer = ask(&mut referee, "N@e2");
    assert_eq!((answer.main, answer.dropped), (Announcement::RegularMove, Some(AnnouncedPiece::Knight)));
    assert_eq!(referee.reserves().white.total(), 1);
}

#[test]
fn a_stalemated_side_loses_in_rand_alone() {
    for (ruleset, fen, text, special) in [
        (Ruleset::Rand, "7k/5Q2/8/8/8/8/8/K7 w - - 0 1", "f7g6", SpecialAnnouncement::StalemateWhiteWins),
        (Ruleset::Rand, "7K/5q2/8/8/8/8/8/k7 b - - 0 1", "f7g6", SpecialAnnouncement::StalemateBlackWins),
        (Ruleset::Wild16, "7k/5Q2/8/8/8/8/8/K7 w - - 0 1", "f7g6", SpecialAnnouncement::DrawStalemate),
    ] {
        let mut referee = from(ruleset, fen);
        let answer = ask(&mut referee, text);
        assert_eq!(answer.special, Some(special.clone()));
        assert_eq!(answer.pawn_news(), None, "nobody is told anything after the end");
        let result = referee.result().unwrap();
        assert_eq!((result.winner, &result.reason), (special.winner(), &EndReason::Stalemate));
        assert!(referee.allowed(Color::White).is_empty() && referee.allowed(Color::Black).is_empty());
    }
}

#[test]
fn bishops_of_one_colour_cannot_win() {
    let mut referee = from(Ruleset::Berkeley, "8/8/3k4/8/8/3K4/2B5/5b2 w - - 0 1");
    let answer = ask(&mut referee, "d3e3");
    assert_eq!(answer.special, Some(SpecialAnnouncement::DrawInsufficient));
    assert_eq!(referee.result().unwrap().reason, EndReason::Insufficient);
    let mut referee = from(Ruleset::Berkeley, "8/8/3k4/8/8/3K4/2B5/4b3 w - - 0 1");
    assert_eq!(ask(&mut referee, "d3e3").special, None);
}

#[test]
fn the_game_ends_at_two_thousand_reversible_moves_and_not_before() {
    for ruleset in Ruleset::ALL {
        let mut referee = Referee::new(ruleset).unwrap();
        let moves = ["g1f3", "g8f6", "f3g1", "f6g8"].map(uci);
        for (made, uci) in (1..=2000).zip(moves.into_iter().cycle()) {
            let answer = referee.ask(uci);
            assert!(answer.is_move_done());
            let end = (made == 2000).then_some(SpecialAnnouncement::DrawTooManyReversibleMoves);
            assert_eq!(answer.special, end, "move {made}");
        }
        assert_eq!(referee.result().unwrap().reason, EndReason::TooManyReversibleMoves);
        assert_eq!(referee.move_number(), 2001);
        assert!(referee.fen().as_str().ends_with(" 2000 1001"));
    }
}

#[test]
fn resigning_and_running_out_of_time_end_a_game_once() {
    let mut referee = Referee::new(Ruleset::English).unwrap();
    assert!(referee.resign(Color::Black), "also when it is not the side's turn");
    let result = referee.result().unwrap().clone();
    assert_eq!((result.winner, &result.reason), (Some(Color::White), &EndReason::Resignation));
    assert!(!referee.run_out_of_time(Color::White));
    assert_eq!(referee.result(), Some(&result));
    assert!(referee.legal_moves().is_empty() && referee.possible_actions(Color::White).is_empty());
    let recorded = referee.records().len();
    assert!(!ask(&mut referee, "e2e4").is_move_done());
    assert_eq!(referee.ask(Question::Any).main, Announcement::ImpossibleToAsk);
    assert_eq!(referee.records().len(), recorded);

    let mut referee = Referee::new(Ruleset::Rand).unwrap();
    assert!(referee.run_out_of_time(Color::White));
    let result = referee.result().unwrap();
    assert_eq!((result.winner, &result.reason), (Some(Color::Black), &EndReason::Timeout));
}

#[test]
fn positions_that_no_game_has_are_refused() {
    let refused = [
        "",
        "nonsense",
        "rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR",
        "rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR x KQkq - 0 1",
        "rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KX - 0 1",
        "rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w  - 0 1",
        "rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq e9 0 1",
        "rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq e6 0 1",
        "rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq e3 0 1",
        "rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - -1 1",
        "rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 99999999999",
        "8/8/8/8/8/8/8/8 w - - 0 1",
        "4k3/8/8/8/8/8/8/8 w - - 0 1",
        "4k3/8/8/8/8/8/8/3KK3 w - - 0 1",
        "4k3/8/8/8/8/8/8/P3K3 w - - 0 1",
        "4k3/8/8/8/8/8/8/4R1K1 w - - 0 1",
        "8/8/3k4/3K4/8/8/8/8 w - - 0 1",
        "4k3/8/8/8/8/8/8/3K3R w K - 0 1",
        "4k3/8/8/8/8/8/8/4K2N w K - 0 1",
    ];
    for fen in refused {
        for ruleset in Ruleset::ALL {
            let error = Referee::from_fen(ruleset, fen).unwrap_err();
            assert_eq!((error.code(), error.field()), (&codes::INVALID_ARGUMENT, Some("fen")), "{fen}");
        }
    }
    // More than 16 men a side, and men in reserve, are crazykrieg's alone.
    for fen in ["4k3/8/8/8/PPPPPPPP/PPPPPPPP/8/4K3 w - - 0 1", "4k3/8/8/8/8/8/8/4K2Q~[p] w - - 0 1"] {
        for ruleset in Ruleset::ALL {
            let drops = ruleset == Ruleset::Crazykrieg;
            assert_eq!(Referee::from_fen(ruleset, fen).is_ok(), drops, "{fen}");
        }
    }
    // What would overflow does not.
    let mut referee = from(Ruleset::Berkeley, "4k2r/8/8/8/8/8/8/R3K3 b - - 4294967295 4294967295");
    assert!(ask(&mut referee, "h8h7").is_move_done());
    assert!(referee.fen().as_str().ends_with(" 4294967295 4294967295"));

    let error = Referee::new(Ruleset::from("dark")).unwrap_err();
    assert_eq!((error.code(), error.field()), (&codes::INVALID_ARGUMENT, Some("ruleset")));
}
