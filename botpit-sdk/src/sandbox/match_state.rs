//! One match: rounds asked, moves taken, rounds resolved, money settled.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use sdk_core::clock::Instant;
use serde_json::Value;

use super::games::{GameRules, HouseView, Moves, Pair, RoundSeed, Side};
use super::house::Strength;
use super::json::Object;
use super::messages::Problem;
use super::records::{EndReason, ReceivedMove, SandboxMatch, SandboxRound};
use super::registry::AgentKey;
use super::settings::{OnTimeout, Settings, TieNumbering};
use sdk_core::sandbox::TimerKey;

/// After this many rounds in a row in which neither moved, the match is over.
const MAX_IDLE_ROUNDS: u32 = 3;

/// At most this many received moves are kept of a match.
const MAX_RECEIVED: usize = 1_000;

/// The longest move, in bytes of JSON. No game's move is near it.
const MAX_MOVE: usize = 1_024;

/// How a match ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ending {
    pub(crate) winner: Option<Side>,
    pub(crate) reason: EndReason,
}

/// An open question to both sides.
#[derive(Debug)]
struct Turn {
    moves: Moves,
    deadline: Instant,
}

/// A move that counted.
#[derive(Debug, Clone)]
pub(crate) struct MadeMove {
    pub(crate) side: Side,
    pub(crate) round: u32,
    pub(crate) move_data: Value,
    pub(crate) at: SystemTime,
}

/// What a resolved round leads to.
#[derive(Debug)]
pub(crate) struct Resolved {
    /// The `round_result`; none when a timeout has forfeited the match and not the round.
    pub(crate) round_result: Option<Object>,
    /// Whether the match is over.
    pub(crate) ending: Option<Ending>,
}

#[derive(Debug)]
pub(crate) struct Match {
    pub(crate) id: Arc<str>,
    /// Counts matches, for their order.
    pub(crate) number: u64,
    pub(crate) players: Pair<AgentKey>,
    pub(crate) record: SandboxMatch,
    /// What moves the match on by itself: the open turn's deadline, or the end of the pause between rounds.
    pub(crate) timer: Option<TimerKey>,
    pub(crate) house_timers: Pair<Option<TimerKey>>,
    /// The results of the rounds so far, as `round_result` told them.
    pub(crate) history: Vec<Object>,
    /// The moves so far, in the order of their coming.
    pub(crate) moves: Vec<MadeMove>,
    rules: Box<dyn GameRules>,
    rng: fastrand::Rng,
    turn: Option<Turn>,
    round: u32,
    idle_rounds: u32,
    past: Vec<Moves>,
    /// How many rounds had been resolved when each side taunted last.
    taunted: Pair<Option<usize>>,
}

impl Match {
    pub(crate) fn new(
        number: u64,
        players: Pair<AgentKey>,
        record: SandboxMatch,
        rules: Box<dyn GameRules>,
        rng: fastrand::Rng,
    ) -> Self {
        Self {
            id: Arc::from(record.id.as_str()),
            number,
            players,
            record,
            timer: None,
            house_timers: Pair::default(),
            history: Vec::new(),
            moves: Vec::new(),
            rules,
            rng,
            turn: None,
            round: 1,
            idle_rounds: 0,
            past: Vec::new(),
            taunted: Pair::default(),
        }
    }

    pub(crate) fn side_of(&self, agent: AgentKey) -> Option<Side> {
        Side::BOTH.into_iter().find(|side| *self.players.get(*side) == agent)
    }

    /// Whether both players are the sandbox's own.
    pub(crate) fn is_showcase(&self) -> bool {
        self.record.players.a.is_house && self.record.players.b.is_house
    }

    /// The game's own time for a move.
    pub(crate) fn timeout(&self) -> Duration {
        self.rules.timeout()
    }

    /// Asks both sides for the next move.
    pub(crate) fn open_turn(&mut self, deadline: Instant) {
        self.turn = Some(Turn { moves: Moves::default(), deadline });
    }

    /// The open question to `side`, if it has not answered, and when it is due.
    pub(crate) fn question(&self, side: Side) -> Option<(Instant, Object)> {
        let turn = self.turn.as_ref().filter(|turn| turn.moves.get(side).is_none())?;
        let frame = Object::message("your_turn")
            .with("match_id", &*self.id)
            .with("round", self.round)
            .with("game_state", self.game_state(side));
        Some((turn.deadline, frame))
    }

    /// What `side` is shown before it moves.
    fn game_state(&self, side: Side) -> Object {
        let state = Object::new()
            .with("round", self.round)
            .with("score", self.score())
            .with("rounds_to_win", self.rules.rounds_to_win());
        self.rules.state(self.round_seed(), side, state).with("history", &self.history)
    }

    pub(crate) fn match_found(&self, side: Side) -> Object {
        let opponent = self.record.players.get(side.other());
        Object::message("match_found")
            .with("match_id", &*self.id)
            .with("game_type", self.rules.game_type())
            .with("opponent_id", &opponent.agent_id)
            .with("opponent_name", &opponent.name)
            .with("wager_lamports", self.record.wager_lamports)
            .with("server_seed_hash", &self.record.server_seed_hash)
    }

    pub(crate) fn game_start(&self, side: Side) -> Object {
        Object::message("game_start").with("match_id", &*self.id).with("your_side", side.letter())
    }

    pub(crate) fn opponent_moved(&self) -> Object {
        Object::message("opponent_moved")
            .with("match_id", &*self.id)
            .with("round", self.round)
            .with("move_data", Object::new())
    }

    /// The round that is open, or next when none is.
    pub(crate) fn round(&self) -> u32 {
        self.round
    }

    /// What the opponent of `side` reads of its taunt, unless `side` has taunted in this round already.
    pub(crate) fn taunt(&mut self, side: Side, (id, words): (&str, &str)) -> Result<Object, Problem> {
        let resolved = Some(self.record.rounds.len());
        if self.taunted.get_mut(side).replace(self.record.rounds.len()) == resolved {
            return Err(Problem::new(
                "taunt_limit",
                format!("you have taunted in round {} already; one a round", self.round),
            ));
        }
        let player = self.record.players.get(side);
        Ok(Object::message("taunt_received")
            .with("match_id", &*self.id)
            .with("agent_id", &player.agent_id)
            .with("agent_name", &player.name)
            .with("taunt_id", id)
            .with("taunt_text", words))
    }

    /// Takes a move that came in at `at`. `true` when both have moved now.
    pub(crate) fn play(&mut self, side: Side, move_data: Value, at: SystemTime) -> Result<bool, Problem> {
        let is_too_long = move_data.to_string().len() > MAX_MOVE;
        let verdict = match &self.turn {
            None => Err(Problem::new("not_your_turn", "there is no open turn in this match now")),
            Some(turn) if turn.moves.get(side).is_some() => Err(Problem::new(
                "already_moved",
                format!("you have moved in round {} already; the first move counts", self.round),
            )),
            Some(_) if is_too_long => {
                Err(Problem::new("invalid_move", format!("a move is at most {MAX_MOVE} bytes of JSON")))
            }
            Some(_) => {
                self.rules.check(side, &move_data).map_err(|allowed| Problem::new("invalid_move", allowed))
            }
        };
        if self.record.moves_received.len() < MAX_RECEIVED {
            self.record.moves_received.push(ReceivedMove {
                round: self.round,
                resolved: self.record.rounds.len(),
                side,
                move_data: if is_too_long { "[too long]".into() } else { move_data.clone() },
                accepted: verdict.is_ok(),
            });
        }
        verdict?;
        let Some(turn) = &mut self.turn else { return Ok(false) };
        self.moves.push(MadeMove { side, round: self.round, move_data: move_data.clone(), at });
        *turn.moves.get_mut(side) = Some(move_data);
        Ok(turn.moves.a.is_some() && turn.moves.b.is_some())
    }

    /// A house agent's move for the open turn.
    pub(crate) fn house_move(&mut self, side: Side, strength: Strength) -> Value {
        // What is written here is an object, and reads as one.
        let state = serde_json::from_str(&self.game_state(side).text()).unwrap_or_default();
        self.rules.house_move(HouseView { strength, side, state: &state, past: &self.past }, &mut self.rng)
    }

    /// Ends the open turn with the moves that are there. Whoever has none is late.
    pub(crate) fn resolve(&mut self, settings: &Settings) -> Option<Resolved> {
        let Turn { moves, .. } = self.turn.take()?;
        let on_time = Pair { a: moves.a.is_some(), b: moves.b.is_some() };
        let forfeit = match (on_time.a, on_time.b) {
            (true, true) => None,
            (true, false) => Some(Some(Side::A)),
            (false, true) => Some(Some(Side::B)),
            (false, false) => Some(None),
        };
        if let Some(winner) = forfeit
            && settings.on_timeout == OnTimeout::ForfeitGame
        {
            let reason = if winner.is_some() { EndReason::TimedOut } else { EndReason::NobodyMoved };
            return Some(Resolved { round_result: None, ending: Some(Ending { winner, reason }) });
        }
        let result = Object::new().with("round", self.round);
        let from = RoundSeed { seed: &self.record.server_seed, round: self.round };
        let (result, by_rules) = self.rules.resolve(from, &moves, result);
        let winner = forfeit.unwrap_or(by_rules);
        let result = result.with("round_winner", winner.map(|side| &self.record.players.get(side).agent_id));
        if let Some(side) = winner {
            *self.record.score.get_mut(side) += 1;
        }
        self.idle_rounds = if forfeit == Some(None) { self.idle_rounds + 1 } else { 0 };

        let round_result = Object::message("round_result")
            .with("match_id", &*self.id)
            .with("round", self.round)
            .with("result", &result)
            .with("score", self.score());
        self.record.rounds.push(SandboxRound { number: self.round, moves: moves.clone(), winner });
        self.history.push(result);
        self.past.push(moves);
        let ending = self.ending(settings);
        if winner.is_some() || settings.tie_numbering == TieNumbering::NextNumber {
            self.round += 1;
        }
        Some(Resolved { round_result: Some(round_result), ending })
    }

    fn ending(&self, settings: &Settings) -> Option<Ending> {
        let Pair { a, b } = self.record.score;
        let leader = match a.cmp(&b) {
            std::cmp::Ordering::Greater => Some(Side::A),
            std::cmp::Ordering::Less => Some(Side::B),
            std::cmp::Ordering::Equal => None,
        };
        if a.max(b) >= self.rules.rounds_to_win() {
            Some(Ending { winner: leader, reason: EndReason::Score })
        } else if self.idle_rounds >= MAX_IDLE_ROUNDS {
            Some(Ending { winner: None, reason: EndReason::NobodyMoved })
        } else if self.record.rounds.len() >= settings.max_rounds as usize {
            Some(Ending { winner: leader, reason: EndReason::RoundLimit })
        } else {
            None
        }
    }

    /// Pays out: the pot minus the fee to the winner; after a draw everybody's own wager back.
    pub(crate) fn settle(&mut self, ending: Ending, settings: &Settings) {
        let wager = self.record.wager_lamports;
        self.record.ended = Some(ending.reason);
        self.record.winner = ending.winner;
        match ending.winner {
            None => self.record.payouts = Pair { a: wager, b: wager },
            Some(side) => {
                let pot = u128::from(wager) * 2;
                let fee = pot * u128::from(settings.fee_bps.min(10_000)) / 10_000;
                // Both fit: a wager is at most `MAX_WAGER`.
                self.record.fee_lamports = u64::try_from(fee).unwrap_or(u64::MAX);
                *self.record.payouts.get_mut(side) = u64::try_from(pot - fee).unwrap_or(u64::MAX);
            }
        }
    }

    pub(crate) fn game_over(&self, side: Side, settings: &Settings) -> Object {
        let record = &self.record;
        let payout = match record.winner {
            Some(winner) if settings.same_payout_for_both => record.payouts.get(winner),
            _ => record.payouts.get(side),
        };
        self.end_frame(payout, settings)
    }

    /// The end as those who only watch are told it: with what the winner was paid, or each side after a draw.
    pub(crate) fn game_over_for_all(&self, settings: &Settings) -> Object {
        self.end_frame(self.record.payouts.get(self.record.winner.unwrap_or(Side::A)), settings)
    }

    fn end_frame(&self, payout: &u64, settings: &Settings) -> Object {
        let record = &self.record;
        let mut frame = Object::message("game_over")
            .with("match_id", &*self.id)
            .with("winner", record.winner.map(|side| &record.players.get(side).agent_id))
            .with("final_score", self.score())
            .with("server_seed", &record.server_seed)
            .with("payout_lamports", payout);
        if settings.tell_fee {
            frame = frame.with("fee_lamports", record.fee_lamports);
        }
        if record.is_free_play {
            frame = frame.with("is_sandbox", true);
        }
        frame
    }

    fn round_seed(&self) -> RoundSeed<'_> {
        RoundSeed { seed: &self.record.server_seed, round: self.round }
    }

    fn score(&self) -> [u32; 2] {
        [self.record.score.a, self.record.score.b]
    }
}
