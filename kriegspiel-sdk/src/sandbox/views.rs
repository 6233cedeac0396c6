//! What is shown of a game: its metadata, its state to a player, its transcript.

use sdk_core::clock::Instant;

use super::accounts::AccountKey;
use super::game::{Game, Stored};
use super::platform::Platform;
use super::refusal::{Answer, Outcome, Refusal};
use super::sheet::SheetText;
use crate::model::{
    Color, ErrorCode, Extra, Fen, GameMetadata, Player, Review, Transcript, TranscriptMove, Written,
};

impl Platform {
    pub(super) fn player(&self, key: AccountKey) -> Option<Player> {
        let account = self.accounts.get(key)?;
        Some(Player {
            username: account.username.clone(),
            connected: true,
            role: account.role.clone(),
            elo: account.overall.elo,
            ratings: account.ratings(),
            extra: Extra::default(),
        })
    }

    /// A game's metadata: as the database has it, or as the memory does.
    pub(super) fn metadata(&self, game: &Game, shown: Stored, from_memory: bool) -> GameMetadata {
        let from_memory = from_memory && game.in_memory && !game.is_over();
        let written = |at: Instant| {
            if from_memory { self.calendar.in_memory(at) } else { self.calendar.stored(at) }
        };
        // A game against a selected bot was made in memory; every other one was read back when it began.
        let born_in_memory = game.opponent_type == crate::model::OpponentType::Bot;
        GameMetadata {
            game_id: game.id.clone(),
            game_code: game.code.clone(),
            rule_variant: game.ruleset.clone(),
            state: game.status.clone(),
            opponent_type: game.opponent_type.clone(),
            white: game.white.and_then(|key| self.player(key)),
            black: game.black.and_then(|key| self.player(key)),
            turn: shown.turn,
            move_number: shown.move_number,
            created_at: if born_in_memory {
                written(game.created_at)
            } else {
                self.calendar.stored(game.created_at)
            },
            updated_at: written(shown.updated_at),
            result: game.referee.result().cloned(),
            rating_snapshot: game.snapshot.clone(),
            extra: Extra::default(),
        }
    }

    /// `GET /game/{ref}`.
    pub(super) fn show_game(&self, name: &str) -> Outcome {
        let game = self.game(self.find(name)?)?;
        Ok(Answer::json(200, &self.metadata(game, game.current(), true)))
    }

    /// `GET /game/{ref}/state`.
    pub(super) fn show_state(&mut self, who: AccountKey, name: &str, now: Instant) -> Outcome {
        let key = self.find(name)?;
        self.adjudicate(key, now);
        let game = self.game(key)?;
        let Some(color) = game.color_of(who) else {
            let message = "Only participants can access this game state";
            return Err(Refusal::game(ErrorCode::Forbidden, message));
        };
        Ok(Answer::text(200, state(game, color, now)?))
    }

    fn transcript(&self, who: AccountKey, game: &Game) -> Outcome<Transcript> {
        let viewer_color = game.color_of(who);
        if viewer_color.is_none() && !game.is_over() {
            let message = "Only participants can access an active game transcript";
            return Err(Refusal::game(ErrorCode::Forbidden, message));
        }
        let written = |at: Instant| {
            if game.is_over() { self.calendar.stored(at) } else { self.calendar.in_memory(at) }
        };
        let mut moves = Vec::new();
        for (record, noted) in game.referee.records().iter().zip(&game.noted) {
            // A private attempt is left out while the game is played, and has neither time nor boards afterwards.
            if !record.is_public && !game.is_over() {
                continue;
            }
            moves.push(TranscriptMove {
                ply: u32::try_from(moves.len() + 1).unwrap_or(u32::MAX),
                color: record.color,
                question_type: record.question.kind(),
                uci: record.question.uci().map(Written::Known),
                answer: (&record.answer).into(),
                move_done: record.answer.is_move_done(),
                timestamp: record.is_public.then(|| written(noted.at)),
                replay_fen: record.is_public.then(|| noted.replay.clone()),
                extra: Extra::default(),
            });
        }
        Ok(Transcript {
            game_id: game.id.clone(),
            rule_variant: game.ruleset.clone(),
            viewer_color,
            moves,
            extra: Extra::default(),
        })
    }

    /// `GET /game/{ref}/moves`.
    pub(super) fn show_moves(&self, who: AccountKey, name: &str) -> Outcome {
        let game = self.game(self.find(name)?)?;
        Ok(Answer::json(200, &self.transcript(who, game)?))
    }

    /// `GET /game/{ref}/review`.
    pub(super) fn show_review(&self, who: AccountKey, name: &str) -> Outcome {
        let game = self.game(self.find(name)?)?;
        let transcript = self.transcript(who, game)?;
        let review =
            Review { game: self.metadata(game, game.current(), true), transcript, extra: Extra::default() };
        Ok(Answer::json(200, &review))
    }
}

fn state(game: &Game, color: Color, now: Instant) -> Outcome<String> {
    let referee = &game.referee;
    let is_to_move = game.is_active() && game.turn() == Some(color);
    let (allowed, actions) = if is_to_move {
        (referee.allowed(color), referee.possible_actions(color))
    } else {
        Default::default()
    };
    let fen: Fen = if game.is_over() { referee.fen() } else { referee.private_fen(color) };
    let SheetText { turns, log } = game.sheet(color)?;
    let fields = [
        ("game_id", json(&game.id)?),
        ("state", json(&game.status)?),
        ("turn", json(&game.turn())?),
        ("move_number", json(&referee.move_number())?),
        ("your_color", json(&color)?),
        ("your_fen", json(&fen)?),
        ("allowed_moves", json(&allowed)?),
        ("possible_actions", json(&actions)?),
        ("material_summary", json(&referee.material())?),
        ("reserve_summary", json(&referee.reserves())?),
        (
            "scoresheet",
            format!(
                "{{\"viewer_color\":{},\"last_move_number\":{},\"turns\":{turns}}}",
                json(&color)?,
                referee.last_heard(color)
            ),
        ),
        ("referee_log", log),
        ("referee_turns", turns),
        ("result", json(&referee.result())?),
        ("clock", json(&game.clock.shown(now))?),
    ];
    let fields: Vec<String> = fields.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    Ok(format!("{{{}}}", fields.join(",")))
}

fn json(value: &impl serde::Serialize) -> Outcome<String> {
    serde_json::to_string(value).map_err(|_| Refusal::Crash)
}

/// How many attempts of a finished game are counted.
pub(super) fn recorded(game: &Game) -> u32 {
    u32::try_from(game.referee.records().len()).unwrap_or(u32::MAX)
}
