//! What was seen of a match, kept until it can be checked.

use sdk_core::wire::RawJson;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::fields::{Fields, Kept, agree, brief};
use super::finding::Violation;
use super::report::FairnessReport;
use crate::lamports::Lamports;
use crate::live::{Event, GameOver, GameStart, MatchFound, MoveData, RoundResult, Turn};
use crate::model::{AgentId, GameType, MatchId, Score, Side};

/// At most this many rounds of a match are kept and checked; then the report says that it is truncated.
pub const MAX_ROUNDS: usize = 4_096;

/// At most this many bytes of states, moves and results are kept of a match.
pub const MAX_BYTES: usize = 8 * 1_024 * 1_024;

/// What was seen of a match: fed with the events of the live side as they come, or made from what REST tells of a finished
/// match. It may lack parts; a check that needs what is missing is left out.
///
/// It serialises: a [`FairnessReport`] has it under `evidence`, so that the match can be checked again by anybody. Rounds are
/// kept up to [`MAX_ROUNDS`] and [`MAX_BYTES`]; states are kept without their history, which is compared when it comes.
///
/// ```
/// use botpit_sdk::fairness::{MatchEvidence, Verdict};
/// use botpit_sdk::model::{GameType, Score, Side};
///
/// let mut evidence = MatchEvidence::new();
/// evidence.me("agent-a".into());
/// evidence.found(
///     "m-1".into(),
///     GameType::Coinflip,
///     "agent-b".into(),
///     "0.01 SOL".parse()?,
///     "974bdc14dee29c18372cf58f356f0669800b0ab20a497ee81ac77df10783abfe",
/// );
/// evidence.started(Side::A);
/// evidence.turn(1, r#"{"round":1,"score":[0,0],"rounds_to_win":3,"history":[]}"#);
/// evidence.moved(1, r#"{"choice":"heads"}"#);
/// let result = r#"{"round":1,"flip":"heads","move_a":"heads","move_b":"tails","round_winner":"agent-a"}"#;
/// evidence.resolved(1, Some(result), Some(Score::new(1, 0)));
/// evidence.ended(Some("agent-a".into()), Some(Score::new(1, 0)), Some("f9e8d7c6".into()));
///
/// let report = evidence.verify();
/// assert_eq!(report.verdict(), &Verdict::Verified);
/// assert_eq!(report.fair(), Some(true));
/// # Ok::<(), botpit_sdk::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MatchEvidence {
    pub(super) match_id: Option<MatchId>,
    pub(super) game_type: Option<GameType>,
    /// Who has seen it. `None` for who only reads about it.
    pub(super) me: Option<AgentId>,
    pub(super) side: Option<Side>,
    pub(super) agent_a: Option<AgentId>,
    pub(super) agent_b: Option<AgentId>,
    pub(super) wager_lamports: Option<Lamports>,
    pub(super) server_seed_hash: Option<String>,
    pub(super) hash_seen: HashSeen,
    pub(super) server_seed: Option<String>,
    pub(super) rounds: Vec<RoundEvidence>,
    pub(super) ending: Option<Ending>,
    /// Whether every move that was made is in the rounds.
    pub(super) all_moves_known: bool,
    pub(super) interrupted: bool,
    pub(super) left_out: u32,
    /// What two places told differently: field, first, later.
    pub(super) retold: Vec<[String; 3]>,
    #[serde(skip)]
    kept: usize,
    /// Whether any question was seen: only who plays is asked.
    #[serde(skip)]
    is_player: bool,
}

/// When the commitment was seen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum HashSeen {
    #[default]
    Never,
    BeforeFirstMove,
    AfterFirstMove,
    Afterwards,
}

/// One round, or one question that led to none.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct RoundEvidence {
    pub(super) round: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) state: Option<Kept>,
    /// The earlier round that this round's state tells differently.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rewrites: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) move_a: Option<Kept>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) move_b: Option<Kept>,
    pub(super) resolved: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) result: Option<Kept>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) score: Option<Score>,
}

impl RoundEvidence {
    pub(super) fn sent(&self, side: Side) -> Option<&Kept> {
        side.pick(self.move_a.as_ref(), self.move_b.as_ref())
    }

    pub(super) fn sent_mut(&mut self, side: Side) -> &mut Option<Kept> {
        match side {
            Side::A => &mut self.move_a,
            Side::B => &mut self.move_b,
        }
    }
}

/// How the match ended, by the server's word.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Ending {
    pub(super) winner: Option<AgentId>,
    pub(super) final_score: Option<Score>,
    pub(super) payout_lamports: Option<Lamports>,
    pub(super) fee_lamports: Option<Lamports>,
    pub(super) is_sandbox: Option<bool>,
}

/// The events of the live side, as they come.
impl MatchEvidence {
    /// Nothing has been seen yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Checks what was seen, without knowing the host: see [`Readings::verify`](super::Readings::verify) for what it adds.
    pub fn verify(self) -> FairnessReport {
        super::check::verify(self, &mut super::HostReadings::default())
    }

    /// The agent's own id, from `authenticated`.
    pub fn me(&mut self, me: AgentId) {
        self.me = Some(me);
    }

    /// The event of a `match_found`.
    pub fn on_match_found(&mut self, found: &MatchFound) {
        self.found(
            found.match_id.clone(),
            found.game_type.clone(),
            found.opponent_id.clone(),
            found.wager,
            &found.server_seed_hash,
        );
    }

    /// The event of a `game_start`.
    pub fn on_game_start(&mut self, start: &GameStart) {
        self.match_id.get_or_insert_with(|| start.match_id.clone());
        self.started(start.side);
    }

    /// The event of a `your_turn`. A question that is asked again after a reconnect counts once.
    pub fn on_turn(&mut self, turn: &Turn) {
        self.match_id.get_or_insert_with(|| turn.match_id.clone());
        if let Some(side) = turn.side {
            self.started(side);
        }
        self.turn(turn.round, turn.state.as_str());
    }

    /// The agent's own move for a round, as it was sent. Where it is not sent after all, say so by
    /// [`on_move_not_sent`](Self::on_move_not_sent).
    pub fn on_move(&mut self, round: u32, sent: &MoveData) {
        self.moved(round, sent.as_json());
    }

    /// The event of a `round_result`.
    pub fn on_round_result(&mut self, result: &RoundResult) {
        self.match_id.get_or_insert_with(|| result.match_id.clone());
        self.resolved(result.round, result.result.as_ref().map(RawJson::as_str), result.score);
    }

    /// The event of a `game_over`.
    pub fn on_game_over(&mut self, over: &GameOver) {
        self.match_id.get_or_insert_with(|| over.match_id.clone());
        if let Some(side) = over.side {
            self.started(side);
        }
        self.ended(over.winner.clone(), over.final_score, over.server_seed.clone());
        self.paid(over.payout, over.fee, over.is_sandbox);
    }

    /// A move that was decided and then kept back, because it came too late: it was never made.
    pub fn on_move_not_sent(&mut self, round: u32) {
        let Some(side) = self.side else { return };
        if let Some(last) = self.rounds.last_mut().filter(|last| last.round == round && !last.resolved) {
            *last.sent_mut(side) = None;
        }
    }

    /// Any event of a connection; those of other matches are passed over. The agent's own moves are no events: tell them by
    /// [`on_move`](Self::on_move).
    pub fn on_event(&mut self, event: &Event) {
        if let (Some(of), Some(mine)) = (event.match_id(), &self.match_id)
            && of != mine
        {
            return;
        }
        match event {
            Event::Connected(connected) => {
                self.me(connected.agent_id.clone());
                if connected.is_reconnect && self.match_id.is_some() {
                    self.on_interruption();
                }
            }
            Event::MatchFound(found) => self.on_match_found(found),
            Event::GameStart(start) => self.on_game_start(start),
            Event::YourTurn(turn) => self.on_turn(turn),
            Event::MoveNotSent { round, .. } => self.on_move_not_sent(*round),
            Event::RoundResult(result) => self.on_round_result(result),
            Event::GameOver(over) => self.on_game_over(over),
            Event::Lagged { .. } if self.match_id.is_some() => self.on_interruption(),
            _ => {}
        }
    }

    /// Messages of the match may be missing: after a lost connection, and after events that were dropped because the bot was
    /// too slow. What could be a gap is then no violation.
    pub fn on_interruption(&mut self) {
        self.interrupted = true;
    }
}

/// The same from the bare values: for events from elsewhere.
impl MatchEvidence {
    /// What `match_found` tells.
    pub fn found(
        &mut self,
        match_id: MatchId,
        game_type: GameType,
        opponent: AgentId,
        wager: Lamports,
        server_seed_hash: &str,
    ) {
        self.match_id = Some(match_id);
        self.game_type = Some(game_type);
        self.wager_lamports.get_or_insert(wager);
        let has_moved = self.rounds.iter().any(|round| round.move_a.is_some() || round.move_b.is_some());
        self.hash(
            server_seed_hash,
            if has_moved { HashSeen::AfterFirstMove } else { HashSeen::BeforeFirstMove },
        );
        match self.side {
            Some(Side::A) => self.agent_b = Some(opponent),
            Some(Side::B) => self.agent_a = Some(opponent),
            // Told by `game_start`.
            None => self.agent_b = Some(opponent),
        }
    }

    /// What `game_start` tells: the agent's own side.
    pub fn started(&mut self, side: Side) {
        if self.side.replace(side).is_none() && side == Side::B {
            // Until now the opponent stood on side B.
            self.agent_a = self.agent_b.take();
        }
    }

    /// What `your_turn` tells: the round's number and the `game_state` as JSON.
    pub fn turn(&mut self, round: u32, state: &str) {
        if self.is_asked_again(round) {
            return;
        }
        let fields = Fields::parsed(state);
        let rewrites = self.rewritten(&fields);
        self.keep_question(round, fields.without("history"), rewrites);
    }

    /// As [`turn`](Self::turn), for a state that was decoded already and so is JSON. It is on the way of every turn: where
    /// the history is, to the letter, what the results have said, nothing is read again.
    pub(crate) fn turn_of_json(&mut self, round: u32, state: &str) {
        match self.without_told_history(state) {
            Some(state) if !self.is_asked_again(round) => self.keep_question(round, state, None),
            Some(_) => {}
            None => self.turn(round, state),
        }
    }

    fn is_asked_again(&self, round: u32) -> bool {
        self.rounds.last().is_some_and(|last| last.round == round && !last.resolved && last.state.is_some())
    }

    fn keep_question(&mut self, round: u32, state: String, rewrites: Option<u32>) {
        self.is_player = true;
        let Some(last) = self.open(round, state.len()) else { return };
        last.state = Some(Kept::from(state));
        last.rewrites = rewrites;
    }

    /// The state without its history, where that has exactly the results of before. Wherever in the state it stands, no more
    /// is left out than what was told already.
    fn without_told_history(&self, state: &str) -> Option<String> {
        const NAME: &str = "\"history\":";
        // With no backslash anywhere, what looks like a name is one, and has no other spelling.
        if self.left_out > 0 || state.contains('\\') {
            return None;
        }
        let (before, rest) = state.split_once(NAME)?;
        let mut rest = rest.strip_prefix('[')?;
        let results = self.rounds.iter().filter_map(|round| round.result.as_ref());
        for (index, result) in results.enumerate() {
            if index > 0 {
                rest = rest.strip_prefix(',')?;
            }
            rest = rest.strip_prefix(result.as_str())?;
        }
        let rest = rest.strip_prefix(']').filter(|rest| !rest.contains(NAME))?;
        // One of the commas around it goes with it.
        let (before, rest) = match before.strip_suffix(',') {
            Some(before) => (before, rest),
            None => (before, rest.strip_prefix(',').unwrap_or(rest)),
        };
        let mut text = String::with_capacity(before.len() + rest.len());
        text.push_str(before);
        text.push_str(rest);
        Some(text)
    }

    /// The agent's own move for a round, as it was sent: its `move_data` as JSON.
    pub fn moved(&mut self, round: u32, move_data: &str) {
        let Some(side) = self.side else { return };
        let is_open = self.rounds.last().is_some_and(|last| last.round == round && !last.resolved);
        // An answer is kept once, with its question. One that comes when its round is over belongs to nothing.
        if !is_open && self.rounds.iter().any(|known| known.round == round) {
            return;
        }
        let Some(open) = self.open(round, move_data.len()) else { return };
        let slot = open.sent_mut(side);
        if slot.is_none() {
            *slot = Some(Kept::from(move_data));
        }
    }

    /// What `round_result` tells: the round's number, the `result` as JSON, and the score.
    pub fn resolved(&mut self, round: u32, result: Option<&str>, score: Option<Score>) {
        if self.is_told_again(round, result, score) {
            return;
        }
        let Some(last) = self.open(round, result.map_or(0, str::len)) else { return };
        last.resolved = true;
        last.result = result.map(Kept::from);
        last.score = score;
    }

    /// Whether a result is one of before, told again: on a connection that is back, or late. Who plays is asked before every
    /// round, so a replayed tie has a question of its own, even where it ends in the very same way.
    fn is_told_again(&self, round: u32, result: Option<&str>, score: Option<Score>) -> bool {
        let is_asked = self.rounds.last().is_some_and(|last| last.round == round && !last.resolved);
        !is_asked
            && (self.interrupted || self.is_player)
            && self.rounds.iter().any(|known| {
                (known.round, known.resolved, known.score) == (round, true, score)
                    && known.result.as_ref().map(Kept::as_str) == result
            })
    }

    /// What `game_over` tells: the winner (`None` for a draw), the final score, and the seed.
    pub fn ended(
        &mut self,
        winner: Option<AgentId>,
        final_score: Option<Score>,
        server_seed: Option<String>,
    ) {
        let ending = self.ending.get_or_insert_default();
        ending.winner = winner;
        ending.final_score = final_score;
        if let Some(seed) = server_seed {
            self.seed(seed);
        }
    }

    /// What `game_over` tells of the money.
    pub fn paid(&mut self, payout: Option<Lamports>, fee: Option<Lamports>, is_sandbox: Option<bool>) {
        let ending = self.ending.get_or_insert_default();
        ending.payout_lamports = payout;
        ending.fee_lamports = fee;
        ending.is_sandbox = is_sandbox;
    }
}

impl MatchEvidence {
    /// The match, where it was told.
    pub fn match_id(&self) -> Option<&MatchId> {
        self.match_id.as_ref()
    }

    /// The game, where it was told.
    pub fn game_type(&self) -> Option<&GameType> {
        self.game_type.as_ref()
    }

    /// The agent on a side, where it was told.
    pub(super) fn agent(&self, side: Side) -> Option<&AgentId> {
        let named = side.pick(self.agent_a.as_ref(), self.agent_b.as_ref());
        named.or_else(|| self.me.as_ref().filter(|_| self.side == Some(side)))
    }

    pub(super) fn hash(&mut self, hash: &str, seen: HashSeen) {
        match self.server_seed_hash.clone() {
            None => {
                self.server_seed_hash = Some(hash.to_owned());
                self.hash_seen = seen;
            }
            Some(first) if !first.eq_ignore_ascii_case(hash) => self.retold("server_seed_hash", &first, hash),
            Some(_) => {}
        }
    }

    pub(super) fn seed(&mut self, seed: String) {
        match self.server_seed.clone() {
            None => self.server_seed = Some(seed),
            Some(first) if first != seed => self.retold("server_seed", &first, &seed),
            Some(_) => {}
        }
    }

    pub(super) fn retold(&mut self, field: &'static str, first: &str, later: &str) {
        let told = [field, first, later].map(brief);
        if self.retold.len() < 64 && !self.retold.contains(&told) {
            self.retold.push(told);
        }
    }

    pub(super) fn retold_violations(&self) -> impl Iterator<Item = Violation> {
        const FIELDS: [&str; 5] =
            ["server_seed_hash", "server_seed", "winner", "wager_lamports", "move_data"];
        self.retold.iter().map(|[field, first, later]| Violation::Retold {
            field: FIELDS.into_iter().find(|known| known == field).unwrap_or("match"),
            first: first.clone(),
            later: later.clone(),
        })
    }

    /// The round that is open under this number, or a new one. `None` when no more is kept.
    fn open(&mut self, round: u32, bytes: usize) -> Option<&mut RoundEvidence> {
        let is_open = self.rounds.last().is_some_and(|last| last.round == round && !last.resolved);
        if self.left_out > 0
            || self.kept.saturating_add(bytes) > MAX_BYTES
            || (!is_open && self.rounds.len() >= MAX_ROUNDS)
        {
            self.left_out = self.left_out.saturating_add(1);
            return None;
        }
        self.kept += bytes;
        if !is_open {
            self.rounds.push(RoundEvidence { round, ..RoundEvidence::default() });
        }
        self.rounds.last_mut()
    }

    /// A round that is known by a move off a list, in the order of the numbers.
    pub(super) fn insert(&mut self, round: u32, side: Side, move_data: &str) {
        if self.left_out > 0 || self.rounds.len() >= MAX_ROUNDS || self.kept + move_data.len() > MAX_BYTES {
            self.left_out = self.left_out.saturating_add(1);
            return;
        }
        self.kept += move_data.len();
        let mut known = RoundEvidence { round, ..RoundEvidence::default() };
        *known.sent_mut(side) = Some(Kept::from(move_data));
        let at = self.rounds.partition_point(|other| other.round <= round);
        self.rounds.insert(at, known);
    }

    /// Keeps to the bound, for what was read from a file.
    pub(super) fn bound(&mut self) {
        let beyond = self.rounds.len().saturating_sub(MAX_ROUNDS);
        if beyond > 0 {
            self.rounds.truncate(MAX_ROUNDS);
            self.left_out = self.left_out.saturating_add(u32::try_from(beyond).unwrap_or(u32::MAX));
        }
    }

    /// The latest round that a state's history tells differently than its result did. The two are laid side by side from
    /// their ends, and only where their numbers agree: a server may keep a history short.
    fn rewritten(&self, state: &Fields<'_>) -> Option<u32> {
        if self.left_out > 0 {
            return None;
        }
        let history: Vec<&RawValue> = serde_json::from_str(state.raw("history")?).ok()?;
        let results =
            self.rounds.iter().rev().filter_map(|round| Some((round.round, round.result.as_ref()?)));
        history.into_iter().rev().zip(results).find_map(|(entry, (number, result))| {
            if entry.get() == result.as_str() {
                return None;
            }
            let same_round = Fields::of(entry.get()).int("round") == Some(i64::from(number));
            (same_round && !agree(entry.get(), result.as_str())).then_some(number)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: &str = r#"{"round":1,"flip":"heads","round_winner":"me"}"#;
    const SECOND: &str = r#"{"round":2,"flip":"tails","round_winner":null}"#;

    /// A match of which two rounds have been told.
    fn two_rounds() -> MatchEvidence {
        let mut evidence = MatchEvidence::new();
        evidence.started(Side::A);
        for (round, result) in [(1, FIRST), (2, SECOND)] {
            evidence.turn(round, r#"{"history":[]}"#);
            evidence.resolved(round, Some(result), None);
        }
        evidence
    }

    #[test]
    fn the_short_way_keeps_what_the_long_way_keeps() {
        let told = format!("[{FIRST},{SECOND}]");
        for (state, is_short) in [
            (format!(r#"{{"round":3,"history":{told}}}"#), true),
            (format!(r#"{{"history":{told},"round":3}}"#), true),
            (format!(r#"{{"history":{told}}}"#), true),
            (format!(r#"{{"round":3,"history":{told},"more":[1]}}"#), true),
            (format!(r#"{{"round":3,"history":[{SECOND}]}}"#), false),
            (format!(r#"{{"round":3, "history": {told}}}"#), false),
            (r#"{"round":3,"history":[]}"#.to_owned(), false),
            (r#"{"round":3}"#.to_owned(), false),
            (format!(r#"{{"round":3,"history":{}}}"#, told.replace("tails", "heads")), false),
            (format!(r#"{{"history":{told},"history":[{FIRST}]}}"#), false),
            (format!(r#"{{"history":{told},"h\u0069story":[{FIRST}]}}"#), false),
        ] {
            let (mut short, mut long) = (two_rounds(), two_rounds());
            assert_eq!(short.without_told_history(&state).is_some(), is_short, "{state}");
            short.turn_of_json(3, &state);
            long.turn(3, &state);
            assert_eq!(short.rounds, long.rounds, "{state}");
        }
    }

    #[test]
    fn a_question_that_is_asked_again_counts_once_on_the_short_way_too() {
        let mut evidence = two_rounds();
        let state = format!(r#"{{"round":3,"history":[{FIRST},{SECOND}]}}"#);
        evidence.turn_of_json(3, &state);
        evidence.turn_of_json(3, &state);
        assert_eq!(evidence.rounds.len(), 3);
    }
}
