//! Random games: what holds in all of them, whatever is asked.

use kriegspiel_sdk::model::{Announcement, Color, Fen, PieceKind, Ruleset, SpecialAnnouncement, SquareSet};
use kriegspiel_sdk::sandbox::referee::{Question, Referee};
use kriegspiel_sdk::{Square, UciMove};
use proptest::prelude::*;

/// How to choose the next question.
#[derive(Debug, Clone)]
enum Choice {
    Any,
    Allowed(prop::sample::Index),
    Legal(prop::sample::Index),
    /// A move that is well formed, and seldom more.
    Wild(UciMove),
}

fn squares() -> impl Strategy<Value = Square> {
    (0..64_u8).prop_map(|index| Square::from_index(index).unwrap())
}

fn wild() -> impl Strategy<Value = UciMove> {
    let kinds = prop::sample::select(PieceKind::ALL.to_vec());
    (squares(), squares(), prop::option::weighted(0.2, kinds), any::<bool>()).prop_filter_map(
        "a move from a square to another one",
        |(from, to, kind, drop)| match kind {
            Some(kind) if drop => UciMove::drop(kind, to),
            Some(kind) => UciMove::new(from, to)?.promoting(kind),
            None => UciMove::new(from, to),
        },
    )
}

fn choices(games: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Choice>> {
    let choice = prop_oneof![
        1 => Just(Choice::Any),
        4 => any::<prop::sample::Index>().prop_map(Choice::Allowed),
        5 => any::<prop::sample::Index>().prop_map(Choice::Legal),
        1 => wild().prop_map(Choice::Wild),
    ];
    prop::collection::vec(choice, games)
}

fn question(referee: &Referee, choice: &Choice) -> Question {
    let fallback = Question::Any;
    let pick = |moves: &[UciMove], index: &prop::sample::Index| {
        if moves.is_empty() { fallback } else { Question::Move(*index.get(moves)) }
    };
    match choice {
        Choice::Any => Question::Any,
        Choice::Allowed(index) => pick(referee.allowed(referee.turn()), index),
        Choice::Legal(index) => pick(&referee.legal_moves(), index),
        Choice::Wild(uci) => Question::Move(*uci),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn what_holds_in_every_game(choices in choices(1..250), which in 0..7_usize) {
        let ruleset = Ruleset::ALL[which].clone();
        let mut referee = Referee::new(ruleset).unwrap();
        for choice in &choices {
            let (before, question) = (referee.clone(), question(&referee, choice));
            let answer = referee.ask(question);
            // The same question to the same referee gets the same answer.
            prop_assert_eq!(&before.clone().ask(question), &answer);
            follows(&before, question, &referee);
            stands(&referee);
            if referee.is_over() {
                break;
            }
        }
    }

    /// Two boards that share no code agree on what is legal, as long as nothing is dropped.
    #[test]
    fn the_board_with_reserves_agrees_with_the_chess_crate(choices in choices(1..200)) {
        let mut referee = Referee::new(Ruleset::Berkeley).unwrap();
        for choice in &choices {
            referee.ask(question(&referee, choice));
            let other = Referee::from_fen(Ruleset::Crazykrieg, referee.fen().as_str()).unwrap();
            if referee.is_over() {
                break;
            }
            prop_assert_eq!(referee.legal_moves(), other.legal_moves(), "{}", referee.fen());
        }
    }
}

/// What is true between two questions.
fn follows(before: &Referee, question: Question, after: &Referee) {
    let mover = before.turn();
    let answer = before.clone().ask(question);
    let legal = before.legal_moves();
    let asked = question.uci().filter(|uci| before.allowed(mover).contains(uci));
    assert_eq!(answer.is_move_done(), asked.is_some_and(|uci| legal.contains(&uci)));
    if answer.is_move_done() {
        assert_eq!(after.move_number(), before.move_number() + 1);
        assert_eq!(after.turn(), !mover);
        assert_eq!(after.is_over(), answer.special.as_ref().is_some_and(SpecialAnnouncement::is_end));
    } else {
        assert_eq!(after.fen(), before.fen());
        assert_eq!((after.turn(), after.is_over()), (mover, before.is_over()));
    }
    match answer.main {
        // What was refused is not asked again in this turn.
        Announcement::IllegalMove => {
            assert!(question.uci().is_some_and(|uci| !after.allowed(mover).contains(&uci)));
        }
        Announcement::HasAny | Announcement::NoAny => {
            assert_eq!(answer.main == Announcement::HasAny, legal.iter().any(|uci| takes(before, *uci)));
            assert!(!after.can_ask_any(mover));
        }
        _ => {}
    }
}

/// Whether a move is a pawn's on its diagonal.
fn takes(referee: &Referee, uci: UciMove) -> bool {
    uci.from().is_some_and(|from| {
        referee.man_at(from).is_some_and(|man| man.kind == PieceKind::Pawn) && from.file() != uci.to().file()
    })
}

/// What is true of every position.
fn stands(referee: &Referee) {
    let mover = referee.turn();
    let fen = referee.fen();
    let board = fen.board().unwrap();
    assert_eq!(fen.side_to_move(), Some(mover));
    for color in Color::BOTH {
        assert_eq!(board.pieces(color, PieceKind::King).len(), 1, "{fen}");
        assert_eq!(board.men(color), referee.men(color));
        assert!(board.iter().all(|(square, man)| referee.man_at(square) == Some(man)));
        let private = referee.private_fen(color).board().unwrap();
        assert_eq!((private.men(color), private.men(!color)), (board.men(color), SquareSet::EMPTY));
        let reserves = referee.reserves();
        assert_eq!(board.reserve(color).map_or(0, |reserve| reserve.total()), reserves.of(color).total());
        assert_eq!(referee.material().of(color).pieces_remaining, board.men(color).len());
    }
    // The text is the position: who starts from it can ask the same as in a fresh turn, and it is written the same again.
    let copy = Referee::from_fen(referee.ruleset().clone(), fen.as_str()).unwrap();
    assert_eq!(copy.fen(), fen);
    let allowed = referee.allowed(mover);
    assert!(referee.allowed(!mover).is_empty());
    if referee.is_over() {
        assert!(allowed.is_empty() && !referee.can_ask_any(mover));
        return;
    }
    assert_eq!(referee.legal_moves(), copy.legal_moves());
    assert!(allowed.iter().map(ToString::to_string).is_sorted_by(|a, b| a < b), "{allowed:?}");
    let legal = referee.legal_moves();
    assert!(allowed.iter().any(|uci| legal.contains(uci)), "there is always a move to make: {fen}");
    if referee.must_capture() {
        assert!(allowed.iter().all(|uci| takes(referee, *uci)));
    }
    // Every legal move is allowed, except what an answer to Any? has told to be out of the question.
    for uci in legal.iter().filter(|uci| !allowed.contains(uci)) {
        assert!(referee.must_capture() && !takes(referee, *uci), "{uci} is missing in {fen}");
    }
    // And only what the own men could do: as if the others were not there.
    let own = referee.men(mover);
    for uci in allowed {
        assert!(uci.from().is_none_or(|from| own.contains(from)) && !own.contains(uci.to()));
    }
}

/// Known numbers of positions that so many moves lead to.
#[test]
fn the_number_of_positions_after_a_few_moves() {
    fn count(referee: &Referee, depth: u32) -> usize {
        let moves = referee.legal_moves();
        if depth == 1 {
            return moves.len();
        }
        let after = moves.into_iter().map(|uci| {
            let mut next = referee.clone();
            assert!(next.ask(uci).is_move_done(), "{uci} in {}", referee.fen());
            count(&next, depth - 1)
        });
        after.sum()
    }

    let kiwipete = "r3k2r/p1ppqpb1/bn2pnp1/3PN3/1p2P3/2N2Q1p/PPPBBPPP/R3K2R w KQkq - 0 1";
    let endgame = "8/2p5/3p4/KP5r/1R3p1k/8/4P1P1/8 w - - 0 1";
    for (ruleset, fen, depth, expected) in [
        (Ruleset::Berkeley, kiwipete, 2, 2_039),
        (Ruleset::Crazykrieg, kiwipete, 1, 48),
        (Ruleset::Wild16, endgame, 3, 2_812),
        (Ruleset::Crazykrieg, endgame, 1, 14),
        (Ruleset::Rand, "rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1", 3, 8_902),
        (Ruleset::Crazykrieg, "rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1", 3, 8_902),
    ] {
        let referee = Referee::from_fen(ruleset.clone(), fen).unwrap();
        assert_eq!(count(&referee, depth), expected, "{ruleset}: {fen}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_a_position_panic(text in "[1-9a-zA-Z/~\\[\\] é-]{0,90}", rest in "( [wb-]| [KQkq]{1,4}| -| [a-h][1-8]| [0-9]{1,3}){0,6}") {
        for ruleset in [Ruleset::Berkeley, Ruleset::Crazykrieg] {
            let _ = Referee::from_fen(ruleset.clone(), &text);
            let _ = Referee::from_fen(ruleset, &format!("4k3/8/8/8/8/8/8/4K3{rest}"));
        }
        let _ = Fen::from(text).board();
    }
}

/// Men anywhere, and a king of each side.
fn placements() -> impl Strategy<Value = String> {
    let man =
        prop_oneof![3 => Just('1'), 1 => prop::sample::select("pnbrqPNBRQ".chars().collect::<Vec<_>>())];
    (prop::collection::vec(man, 64), 0..64_usize, 1..64_usize).prop_map(|(mut men, king, further)| {
        men[king] = 'K';
        men[(king + further) % 64] = 'k';
        for square in (0..8).chain(56..64) {
            if matches!(men[square], 'p' | 'P') {
                men[square] = '1';
            }
        }
        men.chunks(8).map(String::from_iter).collect::<Vec<_>>().join("/")
    })
}

proptest! {
    #[test]
    fn the_boards_agree_on_any_men_anywhere(
        men in placements(),
        turn in prop::sample::select(vec!["w", "b"]),
        choices in choices(1..20),
    ) {
        let fen = format!("{men} {turn} - - 0 1");
        let orthodox = Referee::from_fen(Ruleset::BerkeleyAny, &fen);
        let Ok(mut crazy) = Referee::from_fen(Ruleset::Crazykrieg, &fen) else {
            prop_assert!(orthodox.is_err());
            return Ok(());
        };
        // Too many men or pawns for a game of chess are fine here.
        if let Ok(orthodox) = orthodox {
            prop_assert_eq!(orthodox.legal_moves(), crazy.legal_moves(), "{}", &fen);
            prop_assert_eq!(orthodox.allowed(orthodox.turn()), crazy.allowed(crazy.turn()));
        }
        for choice in &choices {
            let before = crazy.reserves().of(crazy.turn()).total() + crazy.men(crazy.turn()).len();
            let (mover, answer) = (crazy.turn(), crazy.ask(question(&crazy, choice)));
            // Nothing leaves the game: what is captured stands in reserve.
            let after = crazy.reserves().of(mover).total() + crazy.men(mover).len();
            prop_assert_eq!(after, before + u32::from(answer.main == Announcement::CaptureDone));
        }
    }
}
