//! The platform's values as plain data: no I/O, one file for each subject.
//!
//! What arrives is typed as far as it is known, and kept as it came where it is not: a word that this version does not
//! know stands in an enum's `Other`, a sentence of the referee's in [`RefereeEvent::Unknown`], a move or square that it
//! cannot read in [`Written::Unreadable`], a field in [`Extra`]. A known field that is missing or of another shape is an
//! error that names it.

mod account;
mod announcement;
mod bots;
mod clock;
mod color;
mod error_code;
mod fen;
mod game_event;
mod game_state;
mod ids;
mod lobby;
mod material;
mod metadata;
mod move_answer;
mod open_struct;
mod piece;
mod platform;
mod referee;
mod ruleset;
mod scoresheet;
mod square;
mod timestamp;
mod transcript;
mod uci_move;
mod users;
mod written;

pub use account::Account;
pub use announcement::{AnnouncedPiece, Announcement, QuestionType, SpecialAnnouncement};
pub use bots::{
    Availability, BotProfile, DISPLAY_NAME, ListedBot, ListedBots, MAX_DESCRIPTION, MAX_EMAIL, MAX_REASON,
    MAX_USERNAME, ProfileStored, Provider, RegisterBot, RegisteredBot, ReportTaken,
};
pub use clock::GameClock;
pub use color::{Color, PlayAs};
pub use error_code::ErrorCode;
pub use fen::{Board, Fen, Man, ReplayFen};
pub use game_event::{GameEvent, GameHint};
pub use game_state::{AllowedMoves, GameState, PossibleAction};
pub use ids::{BotId, GameCode, GameId, GameRef};
pub use lobby::{CreateGame, CreatedGame, JoinedGame, OpenGame, OpenGames, SelectedBot, TimeControl};
pub use material::{Material, MaterialSummary, Reserve, ReserveSummary};
pub use metadata::{
    EndReason, GameMetadata, GameResult, GameStatus, Games, OpponentType, Player, RatingChange,
    RatingSnapshot, RatingTrack, RecentGame, RecentGames, Role,
};
pub use move_answer::{MoveAnswer, Resigned, SubmitMove};
pub use open_struct::Extra;
pub use piece::PieceKind;
pub use platform::{Health, PlatformStats};
pub use referee::{PawnNews, Prompt, RefereeEvent, RefereeLine};
pub use ruleset::{
    ActionSurface, AskAny, BeforeTheTurn, CaptureNews, DutyToCapture, OutsideAnswer, Ruleset, Stalemate,
};
pub use scoresheet::{Actor, EntryKind, RefereeEntry, RefereeLogItem, RefereeTurn, Scoresheet};
pub use square::{Square, SquareSet};
pub use timestamp::Timestamp;
pub use transcript::{Review, Transcript, TranscriptAnswer, TranscriptMove};
pub use uci_move::UciMove;
pub use users::{
    BotMetrics, GameCounts, Leaderboard, LeaderboardEntry, OpponentRecord, Outcome, Pagination, Rating,
    RatingHistory, RatingPoint, RatingSeries, RatingStep, RatingSteps, Ratings, ResultsByOpponent,
    RulesetRecord, User, UserGame, UserGames, UserProfile, UserStats, WinLoss,
};
pub use written::Written;
