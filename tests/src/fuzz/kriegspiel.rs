//! Kriegspiel.org: bodies of the REST side, the referee's words, what a bot knows, and the referee's own commands.

use kriegspiel_sdk::model::{
    Account, CreatedGame, Fen, GameEvent, GameMetadata, GameState, Health, JoinedGame, ListedBot, MoveAnswer,
    OpenGames, PlatformStats, RefereeEvent, RefereeLine, RegisteredBot, Review, Scoresheet, Square,
    Transcript, User,
};
use kriegspiel_sdk::sandbox::referee::trace::Session;
use kriegspiel_sdk::{Color, Knowledge, Ruleset, UciMove};
use sdk_core::wire;

use super::tried;

/// Takes bytes as what the platform answers and announces.
pub fn kriegspiel(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    for part in text.lines().chain([&*text]) {
        bodies(part);
        let line = format!("{:?} {:?}", RefereeLine::parse(part), RefereeEvent::parse(part));
        assert!(!line.is_empty());
        for event in ["connected", "game_changed", "shutdown", "message"] {
            let _ =
                tried(GameEvent::decode(event, part)).map(|event| format!("{event:?} {:?}", event.hint()));
        }
        for word in part.split(['"', ',']).filter(|word| word.len() < 100) {
            let _ = (word.parse::<Square>(), Ruleset::from(word));
            if let Ok(uci) = word.parse::<UciMove>() {
                assert_eq!(uci.to_string().parse::<UciMove>().unwrap(), uci);
            }
            let fen = Fen::from(word);
            let _ = (fen.board(), fen.side_to_move());
        }
    }
}

fn bodies(part: &str) {
    macro_rules! read {
        ($($body:ty),*) => {
            $(let _ = tried(wire::decode::<$body>(part, "body")).map(|read| format!("{read:?}"));)*
        };
    }
    let _ = (tried(Account::decode(part.as_bytes())), tried(RegisteredBot::decode(part.as_bytes())));
    read!(
        CreatedGame,
        GameMetadata,
        Health,
        JoinedGame,
        ListedBot,
        MoveAnswer,
        OpenGames,
        PlatformStats,
        Review,
        Scoresheet,
        Transcript,
        User
    );
    if let Some(state) = tried(wire::decode::<GameState>(part, "state")) {
        for ruleset in Ruleset::ALL {
            let mut known = Knowledge::new(ruleset, Color::White);
            known.observe(&state);
            known.observe(&state);
            let _ = format!("{known:?}");
        }
    }
}

/// Takes bytes as commands to the referee, one a line: `kriegspiel-referee` reads them from anybody.
pub fn referee(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut session = Session::default();
    for line in text.lines() {
        // A line of a trace holds many commands.
        let commands = serde_json::from_str::<serde_json::Value>(line).ok().and_then(|trace| {
            let steps = trace.get("steps")?.as_array()?.clone();
            Some(
                steps
                    .iter()
                    .take(40)
                    .filter_map(|step| Some(step.get("cmd")?.to_string()))
                    .collect::<Vec<_>>(),
            )
        });
        for command in commands.unwrap_or_else(|| vec![line.to_owned()]) {
            if let Some(output) = tried(session.run(&command)) {
                let _: serde_json::Value = serde_json::from_str(&output.to_json()).unwrap();
            }
        }
    }
}
