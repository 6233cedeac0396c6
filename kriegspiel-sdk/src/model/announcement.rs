//! The referee's words in the answers to one's own questions: codes.

use super::{Color, PieceKind};

sdk_core::string_enum! {
    /// The main part of an answer.
    pub enum Announcement {
        /// The move was made, and nothing was captured.
        RegularMove = "REGULAR_MOVE",
        /// The move was made, and captured.
        CaptureDone = "CAPTURE_DONE",
        /// The move is illegal on the true board. The turn goes on.
        IllegalMove = "ILLEGAL_MOVE",
        /// The move is not among those that may be asked now. The turn goes on, and the opponent hears nothing.
        ImpossibleToAsk = "IMPOSSIBLE_TO_ASK",
        /// The move makes no sense from the own men alone. The turn goes on, and the opponent hears nothing.
        Nonsense = "NONSENSE",
        /// Any?: there is a pawn capture.
        HasAny = "HAS_ANY",
        /// Any?: there is none.
        NoAny = "NO_ANY",
    }
}

impl Announcement {
    /// Whether the move was made.
    pub fn is_move_done(&self) -> bool {
        matches!(self, Self::RegularMove | Self::CaptureDone)
    }
}

sdk_core::string_enum! {
    /// What else a move brought: check, or the end.
    pub enum SpecialAnnouncement {
        /// Check along a rank.
        CheckRank = "CHECK_RANK",
        /// Check along a file.
        CheckFile = "CHECK_FILE",
        /// Check along the longer of the king's diagonals.
        CheckLongDiagonal = "CHECK_LONG_DIAGONAL",
        /// Check along the shorter of the king's diagonals.
        CheckShortDiagonal = "CHECK_SHORT_DIAGONAL",
        /// Check by a knight.
        CheckKnight = "CHECK_KNIGHT",
        /// Check by two men at once: the two single checks are told too.
        CheckDouble = "CHECK_DOUBLE",
        /// Checkmate: White wins.
        CheckmateWhiteWins = "CHECKMATE_WHITE_WINS",
        /// Checkmate: Black wins.
        CheckmateBlackWins = "CHECKMATE_BLACK_WINS",
        /// Stalemate: a draw.
        DrawStalemate = "DRAW_STALEMATE",
        /// Stalemate where it loses: White wins.
        StalemateWhiteWins = "STALEMATE_WHITE_WINS",
        /// Stalemate where it loses: Black wins.
        StalemateBlackWins = "STALEMATE_BLACK_WINS",
        /// Neither side can win: a draw.
        DrawInsufficient = "DRAW_INSUFFICIENT",
        /// Too many moves without capture or pawn move: a draw.
        DrawTooManyReversibleMoves = "DRAW_TOOMANYREVERSIBLEMOVES",
    }
}

impl SpecialAnnouncement {
    /// Whether it is a check, a double one included.
    pub fn is_check(&self) -> bool {
        matches!(
            self,
            Self::CheckRank
                | Self::CheckFile
                | Self::CheckLongDiagonal
                | Self::CheckShortDiagonal
                | Self::CheckKnight
                | Self::CheckDouble
        )
    }

    /// Whether it ends the game. A word that this version does not know counts as no end.
    pub fn is_end(&self) -> bool {
        self.is_known() && !self.is_check()
    }

    /// Who wins by it.
    pub fn winner(&self) -> Option<Color> {
        match self {
            Self::CheckmateWhiteWins | Self::StalemateWhiteWins => Some(Color::White),
            Self::CheckmateBlackWins | Self::StalemateBlackWins => Some(Color::Black),
            _ => None,
        }
    }
}

sdk_core::string_enum! {
    /// A captured or dropped man, as exactly as the ruleset tells it.
    pub enum AnnouncedPiece {
        /// A pawn. In crazykrieg a promoted man too.
        Pawn = "PAWN",
        /// A man that is no pawn.
        Piece = "PIECE",
        /// A knight.
        Knight = "KNIGHT",
        /// A bishop.
        Bishop = "BISHOP",
        /// A rook.
        Rook = "ROOK",
        /// A queen.
        Queen = "QUEEN",
    }
}

impl AnnouncedPiece {
    /// Its kind. `None` where only "a piece" was told.
    pub fn kind(&self) -> Option<PieceKind> {
        Some(match self {
            Self::Pawn => PieceKind::Pawn,
            Self::Knight => PieceKind::Knight,
            Self::Bishop => PieceKind::Bishop,
            Self::Rook => PieceKind::Rook,
            Self::Queen => PieceKind::Queen,
            Self::Piece | Self::Other(_) => return None,
        })
    }
}

sdk_core::string_enum! {
    /// What was asked.
    pub enum QuestionType {
        /// A move.
        Common = "COMMON",
        /// Any?
        AskAny = "ASK_ANY",
    }
}
