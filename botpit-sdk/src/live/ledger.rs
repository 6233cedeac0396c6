//! One decision per turn, as pure state.
//!
//! A move is not idempotent, and neither is a bot's decision. So for every turn the ledger knows whether the bot has been
//! asked, what it decided, and whether that has been written, and it answers three questions:
//!
//! - *A turn arrived. Is it a new question?* The key is (match, round, results already seen for that round): a tie that is
//!   replayed under the same number is a new question; the same question asked again after a reconnect is not, and gets
//!   the very same move.
//! - *The bot decided. May the move be sent?* Not after the deadline, not for a match that is over, and not twice.
//! - *The connection is back. What is still owed?* A move that was decided and never written.

use sdk_core::clock::Instant;
use sdk_core::error::Sent;
use sdk_core::wire::{RawJson, Text};
use serde::Deserialize;
use std::time::Duration;

use super::match_map::MatchMap;
use crate::model::{MatchId, Score};

/// Names one turn of one match within this client: a decision is bound to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TurnId(pub(crate) u64);

/// What a `your_turn` means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Asked {
    /// The bot has not been asked yet.
    New(TurnId),
    /// The bot is still thinking about it; its deadline was brought up to date.
    StillThinking,
    /// It has been decided; send this move again.
    Again(TurnId),
    /// It has been decided and written on this very connection: a duplicate.
    Duplicate,
    /// It belongs to a round that is over.
    Stale,
}

/// What becomes of a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Decided {
    /// Write it.
    Send,
    /// Keep it until the connection is back and the platform asks again.
    Hold,
    /// Its deadline has passed.
    Late(Duration),
    /// Its match, or its turn, is over.
    Stale,
}

#[derive(Debug, Default)]
pub(crate) struct TurnLedger {
    matches: MatchMap<MatchTurns>,
    next: u64,
    connection: u64,
    deadline: Option<Instant>,
}

#[derive(Debug, Default)]
struct MatchTurns {
    /// Results seen per round number; rounds are few.
    results: Vec<(u32, u32)>,
    /// Rounds won by both sides together, as the last result told.
    won: u32,
    open: Option<OpenTurn>,
}

#[derive(Debug)]
struct OpenTurn {
    id: TurnId,
    round: u32,
    results: u32,
    deadline: Instant,
    state: TurnState,
}

#[derive(Debug)]
enum TurnState {
    Thinking,
    Decided {
        frame: Text,
        sent: Sent,
        /// The connection on which it was given to be written: a second asking there is a duplicate.
        queued_on: Option<u64>,
    },
    /// The deadline passed without a decision, or the bot's code failed: the next asking is a new one.
    Given,
}

impl TurnLedger {
    /// A `your_turn` arrived. `state` is only read when the round number alone does not settle it.
    pub(crate) fn asked(
        &mut self,
        match_id: &MatchId,
        round: u32,
        state: &RawJson,
        deadline: Instant,
    ) -> Asked {
        let connection = self.connection;
        let turns = match self.matches.get_mut(match_id.as_str()) {
            Some(turns) => turns,
            None => self.matches.entry(match_id.clone()).or_default(),
        };
        let mut results = turns.results(round);
        if let Some(open) = &mut turns.open
            && open.round >= round
        {
            // A lower number, or a score that is behind what is known: a late repetition.
            let told = StateHints::read(state);
            if open.round > round || told.won().is_some_and(|won| won < turns.won) {
                return Asked::Stale;
            }
            // The same number: a replayed tie, or the same question again. Results that were missed during an outage
            // stand in the state's history.
            results = results.max(told.results(round));
            if results <= open.results {
                open.deadline = deadline;
                let answer = match &mut open.state {
                    TurnState::Thinking => Some(Asked::StillThinking),
                    TurnState::Decided { queued_on, .. } if *queued_on == Some(connection) => {
                        Some(Asked::Duplicate)
                    }
                    TurnState::Decided { queued_on, .. } => {
                        *queued_on = Some(connection);
                        Some(Asked::Again(open.id))
                    }
                    TurnState::Given => None,
                };
                if let Some(answer) = answer {
                    self.rearm(deadline);
                    return answer;
                }
            }
        }
        self.next += 1;
        let id = TurnId(self.next);
        turns.open = Some(OpenTurn { id, round, results, deadline, state: TurnState::Thinking });
        self.rearm(deadline);
        Asked::New(id)
    }

    /// The bot decided. `frame` is the whole message; `connected` says whether it can be written now.
    pub(crate) fn decided(
        &mut self,
        match_id: &MatchId,
        id: TurnId,
        frame: Text,
        connected: bool,
        now: Instant,
    ) -> Decided {
        let connection = self.connection;
        let Some(open) = self.open_turn(match_id, id) else { return Decided::Stale };
        if !matches!(open.state, TurnState::Thinking) {
            return Decided::Stale;
        }
        if now >= open.deadline {
            let late = now - open.deadline;
            open.state = TurnState::Given;
            return Decided::Late(late);
        }
        let queued_on = connected.then_some(connection);
        open.state = TurnState::Decided { frame, sent: Sent::No, queued_on };
        if connected { Decided::Send } else { Decided::Hold }
    }

    /// Whether the bot may still decide this turn.
    pub(crate) fn is_thinking(&self, match_id: &MatchId, id: TurnId) -> bool {
        let open = self.matches.get(match_id.as_str()).and_then(|turns| turns.open.as_ref());
        open.is_some_and(|open| open.id == id && matches!(open.state, TurnState::Thinking))
    }

    /// The bot's code failed on this turn: should the platform ask again, the bot is asked again.
    pub(crate) fn failed(&mut self, match_id: &MatchId, id: TurnId) {
        if let Some(open) = self.open_turn(match_id, id) {
            open.state = TurnState::Given;
        }
    }

    /// The bot's code was given up on this turn, because its time was over. The round, if it was still thinking: should
    /// the platform ask again, the bot is asked again.
    pub(crate) fn ran_out(&mut self, match_id: &MatchId, id: TurnId) -> Option<u32> {
        let open = self.open_turn(match_id, id).filter(|open| matches!(open.state, TurnState::Thinking))?;
        open.state = TurnState::Given;
        Some(open.round)
    }

    /// A move could not be given to the connection: it is still owed.
    pub(crate) fn not_queued(&mut self, id: TurnId) {
        let open =
            self.matches.values_mut().filter_map(|turns| turns.open.as_mut()).find(|open| open.id == id);
        if let Some(OpenTurn { state: TurnState::Decided { queued_on, .. }, .. }) = open {
            *queued_on = None;
        }
    }

    /// The move of a decided turn.
    pub(crate) fn frame(&self, id: TurnId) -> Option<(&MatchId, &Text)> {
        self.matches.iter().find_map(|(match_id, turns)| match &turns.open {
            Some(OpenTurn { id: open, state: TurnState::Decided { frame, .. }, .. }) if *open == id => {
                Some((match_id, frame))
            }
            _ => None,
        })
    }

    /// The move is about to be written. From `true` on it counts as sent, perhaps.
    pub(crate) fn writing(
        &mut self,
        id: TurnId,
        now: Instant,
    ) -> Result<(), Option<(MatchId, u32, Duration)>> {
        for (match_id, turns) in &mut self.matches {
            let Some(open) = &mut turns.open else { continue };
            if open.id != id {
                continue;
            }
            if now >= open.deadline {
                let late = (match_id.clone(), open.round, now - open.deadline);
                open.state = TurnState::Given;
                return Err(Some(late));
            }
            if let TurnState::Decided { sent, .. } = &mut open.state {
                *sent = Sent::Maybe;
                return Ok(());
            }
        }
        Err(None)
    }

    /// A round ended. The number of the turn that it cut off, when the bot was still thinking about one.
    pub(crate) fn result(&mut self, match_id: &str, round: u32, score: Option<Score>) -> Option<u32> {
        let turns = self.matches.get_mut(match_id)?;
        if let Some(score) = score {
            turns.won = score.a.saturating_add(score.b);
        }
        match turns.results.iter_mut().find(|(number, _)| *number == round) {
            Some((_, count)) => *count += 1,
            None => {
                // A match has few rounds; a server that invents numbers must not grow the ledger.
                if turns.results.len() >= MAX_ROUNDS {
                    turns.results.remove(0);
                }
                turns.results.push((round, 1));
            }
        }
        if let Some(open) = &mut turns.open
            && open.round <= round
            && matches!(open.state, TurnState::Thinking)
        {
            open.state = TurnState::Given; // the round went on without us
            return Some(open.round);
        }
        None
    }

    /// The match is over: nothing of it is sent any more.
    pub(crate) fn over(&mut self, match_id: &str) {
        self.matches.remove(match_id);
    }

    /// A new connection stands: what was written before was written on another one.
    pub(crate) fn reconnected(&mut self) {
        self.connection += 1;
    }

    /// Turns that were decided and never written, with time left: still owed when the platform does not ask again. They
    /// count as given to be written on this connection.
    pub(crate) fn owed(&mut self, now: Instant) -> Vec<TurnId> {
        let connection = self.connection;
        let mut owed = Vec::new();
        for open in self.matches.values_mut().filter_map(|turns| turns.open.as_mut()) {
            if let TurnState::Decided { sent: Sent::No, queued_on, .. } = &mut open.state
                && now < open.deadline
                && *queued_on != Some(connection)
            {
                *queued_on = Some(connection);
                owed.push(open.id);
            }
        }
        owed.sort_unstable();
        owed
    }

    /// When [`expire`](Self::expire) wants to be called next; it may be too soon, never too late.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Turns whose deadline has passed while the bot was thinking: given up, and told.
    pub(crate) fn expire(&mut self, now: Instant) -> Vec<(MatchId, u32)> {
        let mut expired = Vec::new();
        let mut next: Option<Instant> = None;
        for (match_id, turns) in &mut self.matches {
            let Some(open) = &mut turns.open else { continue };
            if !matches!(open.state, TurnState::Thinking) {
                continue;
            }
            if open.deadline <= now {
                open.state = TurnState::Given;
                expired.push((match_id.clone(), open.id, open.round));
            } else {
                next = Some(next.map_or(open.deadline, |next| next.min(open.deadline)));
            }
        }
        self.deadline = next;
        expired.sort_unstable_by_key(|(_, id, _)| *id);
        expired.into_iter().map(|(match_id, _, round)| (match_id, round)).collect()
    }

    /// Until when the match's last turn runs, or ran.
    pub(crate) fn deadline(&self, match_id: &MatchId) -> Option<Instant> {
        Some(self.matches.get(match_id.as_str())?.open.as_ref()?.deadline)
    }

    /// The round of a turn that is, or was last, open.
    pub(crate) fn round(&self, match_id: &MatchId, id: TurnId) -> Option<u32> {
        let open = self.matches.get(match_id.as_str())?.open.as_ref()?;
        (open.id == id).then_some(open.round)
    }

    fn open_turn(&mut self, match_id: &MatchId, id: TurnId) -> Option<&mut OpenTurn> {
        self.matches.get_mut(match_id.as_str())?.open.as_mut().filter(|open| open.id == id)
    }

    // Deadlines mostly grow, so the earliest is kept and checked when it comes, not at every turn.
    fn rearm(&mut self, deadline: Instant) {
        self.deadline = Some(self.deadline.map_or(deadline, |known| known.min(deadline)));
    }
}

impl MatchTurns {
    fn results(&self, round: u32) -> u32 {
        self.results.iter().find(|(number, _)| *number == round).map_or(0, |(_, count)| *count)
    }
}

/// At most so many round numbers of a match are remembered.
const MAX_ROUNDS: usize = 4_096;

/// What every game's state tells of the match's progress.
#[derive(Deserialize, Default)]
struct StateHints {
    #[serde(default)]
    score: Option<Score>,
    #[serde(default)]
    history: Vec<HistoryEntry>,
}

#[derive(Deserialize)]
struct HistoryEntry {
    #[serde(default)]
    round: Option<u32>,
}

impl StateHints {
    fn read(state: &RawJson) -> Self {
        serde_json::from_str(state.as_str()).unwrap_or_default()
    }

    fn won(&self) -> Option<u32> {
        self.score.map(|score| score.a.saturating_add(score.b))
    }

    /// How often a round stands in the history.
    fn results(&self, round: u32) -> u32 {
        let count = self.history.iter().filter(|entry| entry.round == Some(round)).count();
        count.try_into().unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    const LIMIT: Duration = Duration::from_secs(10);

    fn state(history: &[u32]) -> RawJson {
        let entries: Vec<String> = history.iter().map(|round| format!(r#"{{"round":{round}}}"#)).collect();
        RawJson::from(format!(r#"{{"round":1,"history":[{}]}}"#, entries.join(",")))
    }

    fn frame(text: &str) -> Text {
        Text::from(text)
    }

    struct Bench {
        ledger: TurnLedger,
        id: MatchId,
        now: Instant,
    }

    impl Bench {
        fn new() -> Self {
            Self { ledger: TurnLedger::default(), id: MatchId::from("m-1"), now: Instant::now() }
        }

        fn ask(&mut self, round: u32, history: &[u32]) -> Asked {
            self.ledger.asked(&self.id, round, &state(history), self.now + LIMIT)
        }

        fn ask_new(&mut self, round: u32, history: &[u32]) -> TurnId {
            match self.ask(round, history) {
                Asked::New(id) => id,
                other => panic!("{other:?} instead of a new question"),
            }
        }

        fn decide(&mut self, turn: TurnId, text: &str, connected: bool) -> Decided {
            self.ledger.decided(&self.id, turn, frame(text), connected, self.now)
        }
    }

    #[test]
    fn asked_again_after_a_reconnect_gets_the_very_same_move() {
        let mut bench = Bench::new();
        let turn = bench.ask_new(1, &[]);
        assert_eq!(bench.decide(turn, "rock", true), Decided::Send);
        assert_eq!(bench.ask(1, &[]), Asked::Duplicate, "it is on its way");
        assert_eq!(bench.ledger.writing(turn, bench.now), Ok(()));
        assert_eq!(bench.ask(1, &[]), Asked::Duplicate, "on the same connection it is a duplicate");
        bench.ledger.reconnected();
        assert_eq!(bench.ask(1, &[]), Asked::Again(turn));
        assert_eq!(bench.ledger.frame(turn).map(|(_, text)| text.as_str()), Some("rock"));
        assert_eq!(bench.decide(turn, "paper", true), Decided::Stale, "a second decision is no decision");
        assert_eq!(bench.ledger.frame(turn).map(|(_, text)| text.as_str()), Some("rock"));
    }

    #[test]
    fn a_tie_replayed_under_the_same_number_is_a_new_question() {
        let mut bench = Bench::new();
        let first = bench.ask_new(1, &[]);
        assert_eq!(bench.decide(first, "rock", true), Decided::Send);
        bench.ledger.result("m-1", 1, None);
        let replay = bench.ask_new(1, &[1]);
        assert_ne!(first, replay);
        assert_eq!(bench.ask(1, &[1]), Asked::StillThinking);
    }

    #[test]
    fn a_tie_whose_result_was_missed_is_told_apart_by_the_history() {
        let mut bench = Bench::new();
        let first = bench.ask_new(1, &[]);
        assert_eq!(bench.decide(first, "rock", true), Decided::Send);
        bench.ledger.reconnected();
        assert!(matches!(bench.ask(1, &[1]), Asked::New(_)));
    }

    #[test]
    fn a_turn_of_a_round_that_is_over_is_stale() {
        let mut bench = Bench::new();
        let first = bench.ask_new(1, &[]);
        assert_eq!(bench.decide(first, "rock", true), Decided::Send);
        bench.ledger.result("m-1", 1, Some(Score::new(1, 0)));
        let repeated = RawJson::from(r#"{"round":1,"score":[0,0],"history":[]}"#.to_owned());
        assert_eq!(bench.ledger.asked(&bench.id, 1, &repeated, bench.now + LIMIT), Asked::Stale);
        let second = bench.ask_new(2, &[1]);
        assert_ne!(first, second);
        assert_eq!(bench.ask(1, &[]), Asked::Stale);
    }

    #[test]
    fn a_late_decision_is_not_sent() {
        let mut bench = Bench::new();
        let turn = bench.ask_new(1, &[]);
        bench.now += LIMIT + Duration::from_millis(3);
        assert_eq!(bench.decide(turn, "rock", true), Decided::Late(Duration::from_millis(3)));
        assert_eq!(bench.decide(turn, "rock", true), Decided::Stale);
    }

    #[test]
    fn a_move_that_waits_too_long_to_be_written_is_taken_back() {
        let mut bench = Bench::new();
        let turn = bench.ask_new(1, &[]);
        assert_eq!(bench.decide(turn, "rock", true), Decided::Send);
        let late = bench.ledger.writing(turn, bench.now + LIMIT).unwrap_err();
        assert_eq!(late, Some((bench.id.clone(), 1, Duration::ZERO)));
    }

    #[test]
    fn a_turn_that_nobody_decides_expires_once() {
        let mut bench = Bench::new();
        let turn = bench.ask_new(1, &[]);
        assert_eq!(bench.ledger.next_deadline(), Some(bench.now + LIMIT));
        assert_eq!(bench.ledger.expire(bench.now), []);
        assert_eq!(bench.ledger.expire(bench.now + LIMIT), [(bench.id.clone(), 1)]);
        assert_eq!(bench.decide(turn, "rock", true), Decided::Stale);
        assert_eq!(bench.ledger.next_deadline(), None);
        assert_eq!(bench.ledger.expire(bench.now + LIMIT * 2), []);
    }

    #[test]
    fn a_decision_during_an_outage_is_owed_until_it_is_written() {
        let mut bench = Bench::new();
        let turn = bench.ask_new(1, &[]);
        assert_eq!(bench.decide(turn, "rock", false), Decided::Hold);
        bench.ledger.reconnected();
        assert_eq!(bench.ledger.owed(bench.now + LIMIT), []);
        assert_eq!(bench.ledger.owed(bench.now), [turn]);
        assert_eq!(bench.ledger.owed(bench.now), [], "it is on its way");
        assert_eq!(bench.ask(1, &[]), Asked::Duplicate, "it is on its way");
        bench.ledger.reconnected();
        assert_eq!(bench.ledger.owed(bench.now), [turn], "it was not written after all");
        assert_eq!(bench.ledger.writing(turn, bench.now), Ok(()));
        bench.ledger.reconnected();
        assert_eq!(bench.ledger.owed(bench.now), []);
    }

    #[test]
    fn a_match_that_is_over_sends_nothing() {
        let mut bench = Bench::new();
        let turn = bench.ask_new(1, &[]);
        bench.ledger.over("m-1");
        assert_eq!(bench.decide(turn, "rock", true), Decided::Stale);
        assert_eq!(bench.ledger.writing(turn, bench.now), Err(None));
    }

    #[derive(Debug, Clone)]
    enum Act {
        Ask { tie_seen: bool },
        Decide(u8),
        Write,
        Result,
        Reconnect,
        Wait(u16),
    }

    fn act() -> impl Strategy<Value = Act> {
        prop_oneof![
            any::<bool>().prop_map(|tie_seen| Act::Ask { tie_seen }),
            any::<u8>().prop_map(Act::Decide),
            Just(Act::Write),
            Just(Act::Result),
            Just(Act::Reconnect),
            (0u16..6_000).prop_map(Act::Wait),
        ]
    }

    proptest! {
        /// Whatever happens, in whatever order: for one question no two different moves are ever written, and none
        /// after its deadline.
        #[test]
        fn one_decision_per_question(acts in proptest::collection::vec(act(), 1..60)) {
            let mut bench = Bench::new();
            let mut ties = 0u32;
            let mut deadline = bench.now;
            let mut turn = None;
            let mut written: HashMap<TurnId, String> = HashMap::new();
            for act in acts {
                match act {
                    Act::Ask { tie_seen } => {
                        let history = vec![1; if tie_seen { ties as usize } else { 0 }];
                        deadline = bench.now + LIMIT;
                        match bench.ask(1, &history) {
                            Asked::New(id) | Asked::Again(id) => turn = Some(id),
                            Asked::StillThinking | Asked::Duplicate | Asked::Stale => {}
                        }
                    }
                    Act::Decide(n) => {
                        if let Some(id) = turn {
                            let _ = bench.decide(id, &n.to_string(), n % 2 == 0);
                        }
                    }
                    Act::Write => {
                        if let Some(id) = turn {
                            let text = bench.ledger.frame(id).map(|(_, text)| text.as_str().to_owned());
                            if bench.ledger.writing(id, bench.now).is_ok() {
                                prop_assert!(bench.now < deadline);
                                let text = text.unwrap();
                                let first = written.entry(id).or_insert_with(|| text.clone());
                                prop_assert_eq!(&*first, &text);
                            }
                        }
                    }
                    Act::Result => {
                        ties += 1;
                        bench.ledger.result("m-1", 1, None);
                    }
                    Act::Reconnect => bench.ledger.reconnected(),
                    Act::Wait(ms) => {
                        bench.now += Duration::from_millis(u64::from(ms));
                        let _ = bench.ledger.expire(bench.now);
                    }
                }
            }
        }
    }
}
