//! Playing: moves, Any?, resigning, and how games end (spec, "Submit a move", "Ask Any?").

use sdk_core::clock::Instant;
use serde_json::json;

use super::accounts::AccountKey;
use super::form::{Form, TextRule};
use super::game::{Attempt, GameKey};
use super::mailbox::{EventStream, Mailbox};
use super::platform::Platform;
use super::referee::{Answer as Announced, Question};
use super::refusal::{Answer, Outcome, Refusal};
use crate::model::{
    Announcement, Color, ErrorCode, Extra, GameResult, GameStatus, MoveAnswer, Resigned, UciMove,
};

/// The body of a move.
pub(super) fn read_move(content_type: &str, body: &[u8]) -> Outcome<String> {
    let mut form = Form::read(content_type, body)?;
    let uci = form.text("uci", &TextRule::of(4, 5));
    form.finish(false)?;
    Ok(uci)
}

/// A move as the platform's chess library reads it, which takes more than ours. `None` crashes it.
fn parse_uci(text: &str) -> Option<UciMove> {
    if let Ok(uci) = text.parse() {
        return Some(uci);
    }
    // What it reads and nobody may ever ask: no move at all, a king dropped, a pawn that becomes pawn or king. It is answered
    // as any move that may not be asked, so one that never may be stands for it.
    let (head, kind) = text.split_at_checked(4)?;
    let reads = text == "0000"
        || text.strip_prefix(['K', 'k']).is_some_and(|rest| format!("P{rest}").parse::<UciMove>().is_ok())
        || (head.parse::<UciMove>().is_ok() && matches!(kind, "p" | "k"));
    reads.then(|| "a1b1n".parse().ok()).flatten()
}

impl Platform {
    /// The game that a player wants to act in, and the player's side, with the checks in the platform's order.
    fn acting(
        &mut self,
        who: AccountKey,
        name: &str,
        stranger: &str,
        now: Instant,
    ) -> Outcome<(GameKey, Color)> {
        let key = self.find_live(name)?;
        if self.adjudicate(key, now) {
            return Err(Refusal::game(ErrorCode::GameNotActive, "Game timed out"));
        }
        let game = self.game(key)?;
        let color = game.color_of(who).ok_or_else(|| Refusal::game(ErrorCode::Forbidden, stranger))?;
        if !game.is_active() {
            return Err(Refusal::game(ErrorCode::GameNotActive, "Game is not active"));
        }
        Ok((key, color))
    }

    fn moving(&mut self, who: AccountKey, name: &str, now: Instant) -> Outcome<(GameKey, Color)> {
        let (key, color) = self.acting(who, name, "Only participants can mutate this game", now)?;
        if self.game(key)?.turn() != Some(color) {
            return Err(Refusal::game(ErrorCode::NotYourTurn, "It is not your turn"));
        }
        Ok((key, color))
    }

    /// `POST /game/{ref}/move`.
    pub(super) fn submit_move(&mut self, who: AccountKey, name: &str, uci: &str, now: Instant) -> Outcome {
        let (key, color) = self.moving(who, name, now)?;
        let uci = parse_uci(uci).ok_or(Refusal::Crash)?;
        let answer = self.ask(key, color, Question::Move(uci), now)?;
        self.answered(key, &answer, now)
    }

    /// `POST /game/{ref}/ask-any`.
    pub(super) fn submit_ask_any(&mut self, who: AccountKey, name: &str, now: Instant) -> Outcome {
        let (key, color) = self.moving(who, name, now)?;
        if !self.game(key)?.referee.can_ask_any(color) {
            let message = "Ask any pawn captures is not available in this game";
            return Err(Refusal::game(ErrorCode::ActionNotAvailable, message));
        }
        let answer = self.ask(key, color, Question::Any, now)?;
        self.answered(key, &answer, now)
    }

    /// Asks the referee, and does what follows.
    pub(super) fn ask(
        &mut self,
        key: GameKey,
        color: Color,
        question: Question,
        now: Instant,
    ) -> Outcome<Announced> {
        let at = self.calendar.at(now);
        let game = self.live_mut(key)?;
        let move_number = game.referee.move_number();
        let answer = game.referee.ask(question);
        if answer.is_move_done() {
            game.clock.moved(color, now);
        }
        let attempt = Attempt { color, question, main: answer.main.clone(), at, move_number };
        game.note(attempt, now);
        if game.referee.is_over() {
            self.complete(key, now);
        } else {
            self.tell_subscribers(key);
            self.wake_house(key, now);
        }
        Ok(answer)
    }

    fn answered(&self, key: GameKey, answer: &Announced, now: Instant) -> Outcome {
        let game = self.game(key)?;
        let has_any = match answer.main {
            Announcement::HasAny => Some(true),
            Announcement::NoAny => Some(false),
            _ => None,
        };
        let answer = MoveAnswer {
            move_done: answer.is_move_done(),
            announcement: answer.main.clone(),
            special_announcement: answer.special.clone(),
            checks: answer.checks.clone(),
            capture_square: answer.capture_square,
            captured_piece_announcement: answer.captured.clone(),
            dropped_piece_announcement: answer.dropped.clone(),
            en_passant_announced: answer.en_passant.then_some(true),
            promotion_announced: answer.promotion.then_some(true),
            next_turn_pawn_tries: answer.pawn_tries,
            next_turn_has_pawn_capture: answer.has_pawn_capture,
            next_turn_pawn_try_squares: answer.pawn_try_squares,
            has_any,
            turn: game.turn(),
            game_over: game.is_over(),
            clock: game.clock.shown(now),
            extra: Extra::default(),
        };
        Ok(Answer::json(200, &answer))
    }

    /// `POST /game/{ref}/resign`.
    pub(super) fn resign(&mut self, who: AccountKey, name: &str, now: Instant) -> Outcome {
        let (key, color) = self.acting(who, name, "Only participants can resign", now)?;
        let game = self.live_mut(key)?;
        game.referee.resign(color);
        game.updated_at = now;
        game.in_memory = true;
        self.complete(key, now);
        let result: GameResult = self.game(key)?.referee.result().cloned().ok_or(Refusal::Crash)?;
        Ok(Answer::json(200, &Resigned { result, extra: Extra::default() }))
    }

    /// Ends a game whose flag has fallen. Says whether it did.
    pub(super) fn adjudicate(&mut self, key: GameKey, now: Instant) -> bool {
        let Some(game) = self.live.get_mut(&key).filter(|game| game.is_active()) else { return false };
        let Some(loser) = game.clock.fallen(now) else { return false };
        game.referee.run_out_of_time(loser);
        game.updated_at = now;
        self.complete(key, now);
        true
    }

    /// A game is over: it is rated, and moves to the archive.
    fn complete(&mut self, key: GameKey, now: Instant) {
        let Some(mut game) = self.live.remove(&key) else { return };
        game.status = GameStatus::Completed;
        game.completed_at = Some(now);
        game.updated_at = now;
        game.clock.stop(now);
        game.write_down();
        game.put_sheets_away();
        game.snapshot = self.rate(&game);
        let players = [game.white, game.black];
        self.archive.insert(key, game);
        self.tell_subscribers(key);
        // Nobody hears of it any more; a stream that is open stays so.
        self.completed_at.push_back(now);
        self.completed_total = self.completed_total.saturating_add(1);
        while self.archive.len() > self.settings.keep_games.max(1) {
            let Some(oldest) = self.archive.keys().next().copied() else { break };
            self.forget(oldest);
        }
        while self.completed_at.len() > self.settings.keep_games.max(1) {
            self.completed_at.pop_front();
        }
        for player in players.into_iter().flatten() {
            self.human_is_free(player, now);
        }
    }

    /// `GET /game/{ref}/events`.
    pub(super) fn subscribe(&mut self, who: AccountKey, name: &str, now: Instant) -> Outcome<EventStream> {
        let key = self.find_live(name)?;
        self.adjudicate(key, now);
        let game = self.live.get(&key).ok_or_else(Refusal::not_found)?;
        if game.color_of(who).is_none() {
            let message = "Only participants can subscribe to this game";
            return Err(Refusal::game(ErrorCode::Forbidden, message));
        }
        let (mailbox, stream) = Mailbox::open();
        mailbox.put(self.event(key, "connected").ok_or_else(Refusal::not_found)?);
        let subscribers = &mut self.live_mut(key)?.subscribers;
        subscribers.retain(Mailbox::is_read);
        subscribers.push(mailbox);
        Ok(stream)
    }

    fn event(&self, key: GameKey, kind: &str) -> Option<String> {
        let game = self.game(key).ok()?;
        let updated_at = if game.in_memory {
            self.calendar.in_event(game.updated_at)
        } else {
            self.calendar.stored(game.updated_at)
        };
        // In the platform's own order.
        let data = format!(
            r#"{{"type":{},"game_id":{},"game_code":{},"state":{},"turn":{},"move_number":{},"updated_at":{}}}"#,
            json!(kind),
            json!(game.id),
            json!(game.code),
            json!(game.status),
            json!(game.turn()),
            game.referee.move_number(),
            json!(updated_at),
        );
        Some(format!("event: {kind}\ndata: {data}\n\n"))
    }

    /// Says to everybody who listens that a game has changed.
    pub(super) fn tell_subscribers(&mut self, key: GameKey) {
        let Some(frame) = self.event(key, "game_changed") else { return };
        let game = self.live.get_mut(&key).or_else(|| self.archive.get_mut(&key));
        if let Some(game) = game {
            game.subscribers.retain(|subscriber| subscriber.put(frame.clone()));
        }
    }

    /// The server stops: every stream is told, and ends.
    pub(super) fn end_streams(&mut self) {
        let games = self.live.values_mut().chain(self.archive.values_mut());
        let open = games.flat_map(|game| game.subscribers.drain(..));
        for subscriber in open.chain(self.orphans.drain(..)) {
            subscriber.put("event: shutdown\ndata: {\"type\":\"shutdown\"}\n\n".to_owned());
            subscriber.close();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_platform_s_library_reads_and_what_crashes_it() {
        for text in ["e2e4", "e7e8q", "P@e4", "n@f3", "0000", "K@e4", "e7e8k", "e2e4p"] {
            assert!(parse_uci(text).is_some(), "{text}");
        }
        for text in ["E2E4", "zzzz", "e2e4x", "e7e8Q", "e4e4", "P@E4", "P@e9", "e4e4k", "ééé"] {
            assert!(parse_uci(text).is_none(), "{text}");
        }
    }
}
