//! What a check can find: violations, and notes that are no violation.

use std::fmt;

use serde::Serialize;

use crate::lamports::Lamports;
use crate::model::{AgentId, MatchId, Score, Side};
use sdk_core::wire::printable;

/// Proof of foul play, or of a server that is broken: the commitment fails, a value that the seed determines is another, or
/// the server contradicts itself in what the spec determines.
///
/// As JSON it is an object with a `code`, which is the name in snake case, and the fields. `Display` says it in words.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "code", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Violation {
    /// The commitment is no hash of the revealed seed.
    CommitmentDiffers,
    /// The commitment is the hash of the bytes that the seed's digits stand for, not of its text as in the spec's samples.
    CommitmentOfDecodedBytes,
    /// The commitment came only after a move was made.
    CommitmentAfterMove,
    /// The commitment has served another match already, so its seed was known.
    CommitmentReused {
        /// That match.
        match_id: MatchId,
    },
    /// Two places tell of one match differently: what was said while it was played, its proof, its record.
    Retold {
        /// What: `server_seed_hash`, `server_seed`, `winner`, `wager_lamports`, `move_data`.
        field: &'static str,
        /// What was told first.
        first: String,
        /// What was told later.
        later: String,
    },
    /// A round's number does not follow from the one before: the next, or after a tie the same.
    RoundOutOfOrder {
        /// The number before.
        after: u32,
        /// The number told.
        told: u32,
    },
    /// A message and the state or result within it have different round numbers.
    RoundNumbersDiffer {
        /// `game_state` or `result`.
        within: &'static str,
        /// The message's number.
        message: u32,
        /// The number within.
        told: i64,
    },
    /// A round was played after somebody had won enough of them.
    PlayedOn,
    /// A move in the result is not the one that was sent.
    MoveAltered {
        /// Whose.
        side: Side,
        /// What was sent.
        sent: String,
        /// What the result says.
        told: String,
    },
    /// A value that the seed determines is another.
    DerivedDiffers {
        /// The field.
        field: &'static str,
        /// What was told.
        told: String,
        /// What the seed gives.
        derived: String,
    },
    /// A value is outside of what the rules allow.
    OutOfRange {
        /// The field.
        field: &'static str,
        /// What was told.
        told: String,
        /// What is allowed.
        allowed: &'static str,
    },
    /// A bid is above the budget that was left.
    OverBudget {
        /// Whose.
        side: Side,
        /// The bid.
        bid: i64,
        /// What was left.
        budget: i64,
    },
    /// A field does not follow from the others.
    Contradiction {
        /// The field.
        field: &'static str,
        /// What was told.
        told: String,
        /// What follows from the other fields.
        follows: String,
    },
    /// The round's winner is not who won by the rules.
    WrongRoundWinner {
        /// Who won by the server's word.
        told: Option<Side>,
        /// Who won by the rules. `None` is a tie, or, where only one side's move is known, that it was not `told`.
        by_rules: Option<Side>,
    },
    /// The winner is neither of the two agents.
    UnknownWinner {
        /// Who it is said to be.
        told: AgentId,
    },
    /// A score is not the number of rounds won.
    WrongScore {
        /// What was told, `[a, b]` as on the wire.
        told: Score,
        /// The rounds won so far.
        counted: Score,
    },
    /// The final score is not the last one.
    WrongFinalScore {
        /// What was told.
        told: Score,
        /// The rounds won.
        counted: Score,
    },
    /// The winner of the match is not who won enough rounds.
    WrongMatchWinner {
        /// Who won by the server's word.
        told: Option<Side>,
        /// Who won enough rounds.
        by_score: Side,
    },
    /// How many rounds win the match changed while it was played.
    RoundsToWinChanged {
        /// What was told first.
        first: i64,
        /// What was told later.
        later: i64,
    },
    /// A later state tells an earlier round differently.
    HistoryRewritten {
        /// The earlier round.
        of_round: u32,
    },
    /// Payout and fee of the winner do not make up both wagers.
    WrongPayout {
        /// The payout.
        payout: Lamports,
        /// The fee.
        fee: Lamports,
        /// What each side put in.
        wager: Lamports,
    },
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = |side: &Option<Side>| side.map_or("nobody".to_owned(), |side| format!("side {side}"));
        match self {
            Self::CommitmentDiffers => f.write_str("the seed does not match its commitment"),
            Self::CommitmentOfDecodedBytes => {
                f.write_str("the commitment is the hash of the seed's decoded bytes, not of its text")
            }
            Self::CommitmentAfterMove => f.write_str("the commitment came after the first move"),
            Self::CommitmentReused { match_id } => {
                write!(f, "the commitment has served match {} already", printable(match_id.as_str()))
            }
            Self::Retold { field, first, later } => {
                write!(f, "{field} was {} first and {} later", printable(first), printable(later))
            }
            Self::RoundOutOfOrder { after, told } => write!(f, "round {told} came after round {after}"),
            Self::RoundNumbersDiffer { within, message, told } => {
                write!(f, "the message is of round {message} and its {within} of round {told}")
            }
            Self::PlayedOn => f.write_str("a round was played after the match was won"),
            Self::MoveAltered { side, sent, told } => {
                write!(f, "side {side} sent {} and the result says {}", printable(sent), printable(told))
            }
            Self::DerivedDiffers { field, told, derived } => {
                write!(f, "{field} is {} and the seed gives {derived}", printable(told))
            }
            Self::OutOfRange { field, told, allowed } => {
                write!(f, "{field} is {}, outside of {allowed}", printable(told))
            }
            Self::OverBudget { side, bid, budget } => {
                write!(f, "side {side} bid {bid} with {budget} left")
            }
            Self::Contradiction { field, told, follows } => {
                write!(f, "{field} is {} where {} follows", printable(told), printable(follows))
            }
            Self::WrongRoundWinner { told, by_rules: None } if told.is_some() => {
                write!(f, "{} is said to have won the round and has not", side(told))
            }
            Self::WrongRoundWinner { told, by_rules } => {
                write!(f, "{} is said to have won the round, {} has", side(told), side(by_rules))
            }
            Self::UnknownWinner { told } => {
                write!(f, "the winner {} is neither of the agents", printable(told.as_str()))
            }
            Self::WrongScore { told, counted } => write!(f, "the score is {told} after {counted} rounds won"),
            Self::WrongFinalScore { told, counted } => {
                write!(f, "the final score is {told} after {counted} rounds won")
            }
            Self::WrongMatchWinner { told, by_score } => {
                write!(f, "{} is said to have won the match, side {by_score} has", side(told))
            }
            Self::RoundsToWinChanged { first, later } => {
                write!(f, "{first} won rounds were to win the match first and {later} later")
            }
            Self::HistoryRewritten { of_round } => {
                write!(f, "the history tells round {of_round} differently than its result did")
            }
            Self::WrongPayout { payout, fee, wager } => {
                write!(f, "a payout of {payout} and a fee of {fee} do not make up two wagers of {wager}")
            }
        }
    }
}

/// Something worth knowing that is no violation: it is not documented, was not seen, or can have an honest reason.
///
/// As JSON it is an object with a `code`, which is the name in snake case, and the fields. `Display` says it in words.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "code", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Note {
    /// No commitment was seen.
    CommitmentNotSeen,
    /// The commitment was seen only after the match, beside the seed: that it was made before is the server's word.
    CommitmentSeenAfterwards,
    /// No seed was revealed.
    SeedNotRevealed,
    /// This version does not know the game: only the commitment was checked.
    UnknownGame,
    /// The match was begun to be watched after its first round.
    BeganLate {
        /// The first round seen.
        round: u32,
    },
    /// Messages may be missing: the connection was lost, or the bot was too slow to take them.
    Interrupted,
    /// There were more rounds than are kept.
    Truncated {
        /// How many were left out.
        left_out: u32,
    },
    /// A tie was replayed under the same number, so its outcome could be known before. Not documented.
    TieKeepsItsNumber,
    /// A tie was replayed under the next number. Not documented.
    TieTakesTheNextNumber,
    /// A side's move was not sent, or did not count: who won the round is not for the rules to tell.
    NoMove {
        /// Whose.
        side: Side,
    },
    /// The result has a move of a side that sent none. What stands for a missing move is not documented.
    MoveNotSent {
        /// Whose.
        side: Side,
    },
    /// A field has another type than documented, and was not checked.
    Unreadable {
        /// The field.
        field: &'static str,
    },
    /// The dealer's and the hidden card are equal, and the round was won all the same. Not documented.
    EqualCards,
    /// A cash-out is so near to the crash point that what was rounded may decide.
    CloseToTheCrash {
        /// Whose.
        side: Side,
    },
    /// An expression has no exact value, or none that this version can work out.
    NoExactValue,
    /// The state tells other rules than documented.
    OtherRules {
        /// The field.
        field: &'static str,
        /// What was told.
        told: String,
        /// What is documented.
        documented: String,
    },
    /// No documented reading of a formula fits every round. An unmatched guess is no proof of anything.
    NoReadingFits {
        /// Which formula: `crash_point`, `target`, `mine_positions` or `reveal_order`.
        formula: &'static str,
    },
    /// The reading that fitted every match on this host before does not fit this one: worth a closer look.
    PinnedReadingDoesNotFit {
        /// Which formula.
        formula: &'static str,
    },
    /// Scores are in the order of the reader and the opponent, not of A and B.
    ScoreIsMineFirst,
    /// The match ended before anybody had won enough rounds: somebody resigned or was late, which the protocol does not tell.
    EndedEarly,
    /// A draw at a score that is not level. Not documented.
    DrawAtUnequalScore {
        /// The score.
        score: Score,
    },
    /// The fee was not told: what was kept follows from the payout.
    FeeNotTold {
        /// Both wagers less the payout.
        kept: Lamports,
    },
    /// The winner was paid more than both wagers. Not documented.
    PayoutAboveWagers {
        /// The payout.
        payout: Lamports,
    },
    /// A loser's message tells of a payout. Not documented.
    PayoutOfLoser {
        /// The payout.
        payout: Lamports,
    },
    /// What is paid after a draw is not documented.
    PayoutOfDraw {
        /// The payout.
        payout: Lamports,
    },
}

impl Note {
    /// Whether it is worth a closer look, and not only for the record.
    pub const fn is_warning(&self) -> bool {
        matches!(
            self,
            Self::PinnedReadingDoesNotFit { .. }
                | Self::NoReadingFits { .. }
                | Self::Unreadable { .. }
                | Self::MoveNotSent { .. }
                | Self::OtherRules { .. }
                | Self::PayoutAboveWagers { .. }
                | Self::DrawAtUnequalScore { .. }
        )
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CommitmentNotSeen => f.write_str("no commitment was seen"),
            Self::CommitmentSeenAfterwards => f.write_str("the commitment was seen only after the match"),
            Self::SeedNotRevealed => f.write_str("no seed was revealed"),
            Self::UnknownGame => f.write_str("the game is not known here: only the commitment was checked"),
            Self::BeganLate { round } => write!(f, "nothing was seen before round {round}"),
            Self::Interrupted => f.write_str("messages may be missing"),
            Self::Truncated { left_out } => write!(f, "{left_out} more rounds were not kept"),
            Self::TieKeepsItsNumber => f.write_str("a tie was replayed under the same number"),
            Self::TieTakesTheNextNumber => f.write_str("a tie was replayed under the next number"),
            Self::NoMove { side } => write!(f, "side {side} has no move in this round"),
            Self::MoveNotSent { side } => write!(f, "side {side} sent no move and has one in the result"),
            Self::Unreadable { field } => write!(f, "{field} could not be read"),
            Self::EqualCards => f.write_str("both cards are equal and the round was won all the same"),
            Self::CloseToTheCrash { side } => {
                write!(f, "side {side} cashed out within a hundredth of the crash point")
            }
            Self::NoExactValue => f.write_str("the expression has no exact value"),
            Self::OtherRules { field, told, documented } => {
                write!(f, "{field} is {} where {documented} is documented", printable(told))
            }
            Self::NoReadingFits { formula } => {
                write!(f, "no documented reading of {formula} fits every round")
            }
            Self::PinnedReadingDoesNotFit { formula } => {
                write!(f, "warning: the reading of {formula} that held on this host does not fit any more")
            }
            Self::ScoreIsMineFirst => f.write_str("scores are told with the reader's rounds first"),
            Self::EndedEarly => f.write_str("it ended before anybody had won enough rounds"),
            Self::DrawAtUnequalScore { score } => write!(f, "a draw at {score}"),
            Self::FeeNotTold { kept } => write!(f, "the fee was not told; {kept} were kept"),
            Self::PayoutAboveWagers { payout } => write!(f, "the payout of {payout} is above both wagers"),
            Self::PayoutOfLoser { payout } => write!(f, "a payout of {payout} was told to the loser"),
            Self::PayoutOfDraw { payout } => write!(f, "a payout of {payout} after a draw"),
        }
    }
}
