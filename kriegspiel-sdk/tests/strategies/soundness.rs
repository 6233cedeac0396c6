//! What the tracker excludes is never true, in any ruleset: random games, each fact compared with the referee's board.

use std::collections::HashSet;

use fastrand::Rng;
use kriegspiel_sdk::knowledge::{Knowledge, Legality};
use kriegspiel_sdk::model::{PieceKind, Square};
use kriegspiel_sdk::sandbox::referee::{Question, Referee};
use kriegspiel_sdk::{Color, Ruleset, UciMove};

/// The true board is among those that are possible, and what is said of moves is true.
fn compare(referee: &Referee, knowledge: &Knowledge, told: &str) {
    let (color, tracker) = (knowledge.color(), knowledge.tracker());
    assert!(tracker.is_on_track(), "it lost track\n{told}");
    for square in Square::all() {
        let man = referee.man_at(square);
        let may = tracker.at(square);
        match man.filter(|man| man.color != color) {
            Some(man) => assert!(may.may_be(man.kind), "{man:?} on {square}: {may:?}\n{told}"),
            None => assert!(may.may_be_empty(), "nothing on {square}: {may:?}\n{told}"),
        }
        assert_eq!(
            tracker.own_at(square),
            man.filter(|man| man.color == color).map(|man| man.kind),
            "{told}"
        );
    }
    assert_eq!(tracker.men_left(), referee.men(!color).len(), "{told}");
    if referee.turn() == color {
        let legal: HashSet<UciMove> = referee.legal_moves().into_iter().collect();
        for &uci in referee.allowed(color) {
            match tracker.legality(uci) {
                Legality::Legal => assert!(legal.contains(&uci), "{uci} is not legal\n{told}"),
                Legality::Illegal => assert!(!legal.contains(&uci), "{uci} is legal\n{told}"),
                Legality::Unknown => {}
            }
        }
        for line in tracker.checks() {
            let attackers = referee.men(!color);
            assert!(!(line.attackers & attackers).is_empty(), "nobody gives {line:?}\n{told}");
        }
        let king = tracker.own_king().unwrap();
        if !tracker.may_be_attacked(king) {
            assert!(tracker.checks().is_empty(), "{told}");
        }
    }
}

fn play(ruleset: &Ruleset, seed: u64, plies: u32) -> (u32, u32) {
    let mut rng = Rng::with_seed(seed);
    let mut referee = Referee::new(ruleset.clone()).unwrap();
    let mut players = Color::BOTH.map(|color| Knowledge::new(ruleset.clone(), color));
    let (mut certain, mut asked) = (0, 0);
    while !referee.is_over() && referee.move_number() < plies {
        let color = referee.turn();
        let question = if referee.can_ask_any(color) && rng.u8(..4) == 0 {
            Question::Any
        } else {
            Question::Move(*rng.choice(referee.allowed(color)).unwrap())
        };
        let answer = referee.ask(question);
        if referee.is_over() {
            break;
        }
        for knowledge in &mut players {
            let color = knowledge.color();
            knowledge.hear(&referee.scoresheet(color));
            let told = format!(
                "{ruleset} seed {seed}, for {color} after {question:?}: {answer:?}\n{}",
                referee.fen()
            );
            compare(&referee, knowledge, &told);
            certain += knowledge.tracker().must_be_occupied().len();
            asked += 1;
        }
    }
    (certain, asked)
}

/// Six games of each ruleset, or as many as `KRIEGSPIEL_SOUNDNESS_GAMES` says.
#[test]
fn the_true_position_is_never_excluded() {
    let games =
        std::env::var("KRIEGSPIEL_SOUNDNESS_GAMES").ok().and_then(|text| text.parse().ok()).unwrap_or(6);
    for ruleset in Ruleset::ALL {
        let (mut certain, mut asked) = (0, 0);
        for seed in 0..games {
            let (c, a) = play(&ruleset, seed, 160);
            (certain, asked) = (certain + c, asked + a);
        }
        println!("{ruleset}: {:.2} squares certain on average", f64::from(certain) / f64::from(asked));
    }
}

/// The tracker is not only careful: it knows something.
#[test]
fn facts_follow_from_what_is_heard() {
    let mut referee = Referee::new(Ruleset::BerkeleyAny).unwrap();
    let mut white = Knowledge::new(Ruleset::BerkeleyAny, Color::White);
    for uci in ["e2e4", "d7d5"] {
        assert!(referee.ask(uci.parse::<UciMove>().unwrap()).is_move_done());
    }
    referee.ask(Question::Any);
    white.hear(&referee.scoresheet(Color::White));
    let d5: Square = "d5".parse().unwrap();
    let f5: Square = "f5".parse().unwrap();
    assert!(white.tracker().at(d5).may_be(PieceKind::Pawn) && white.tracker().at(f5).may_be_occupied());
    assert!(!referee.ask("e4f5".parse::<UciMove>().unwrap()).is_move_done());
    white.hear(&referee.scoresheet(Color::White));
    assert!(!white.tracker().at(f5).may_be_occupied(), "the king was safe, so nothing is there to capture");
    assert!(referee.ask("e4d5".parse::<UciMove>().unwrap()).is_move_done());
    white.hear(&referee.scoresheet(Color::White));
    assert_eq!(white.tracker().men_left(), 15);
    assert_eq!(white.captures().len(), 1);
}

/// In a ruleset that is not known nothing is concluded, and nothing breaks.
#[test]
fn an_unknown_ruleset_excludes_nothing_but_the_own_men() {
    let mut referee = Referee::new(Ruleset::Berkeley).unwrap();
    let mut white = Knowledge::new(Ruleset::from("dark"), Color::White);
    for uci in ["e2e4", "e7e5", "d2d4", "e5d4"] {
        assert!(referee.ask(uci.parse::<UciMove>().unwrap()).is_move_done());
        white.hear(&referee.scoresheet(Color::White));
    }
    let tracker = white.tracker();
    assert_eq!(tracker.may_be_occupied(), !tracker.own_men());
}
