//! The rulesets, and what each lets a player do and hear (spec, "Ruleset support checklist").

sdk_core::string_enum! {
    /// A ruleset: what the spec calls `rule_variant`. The set is open.
    ///
    /// ```
    /// use kriegspiel_sdk::Ruleset;
    ///
    /// assert_eq!(Ruleset::from("wild16"), Ruleset::Wild16);
    /// assert!(Ruleset::BerkeleyAny.surface().unwrap().ask_any.is_some());
    /// assert_eq!(Ruleset::from("dark").surface(), None);
    /// ```
    pub enum Ruleset {
        /// Ordinary Kriegspiel, without Any?.
        Berkeley = "berkeley",
        /// Berkeley with Any?.
        BerkeleyAny = "berkeley_any",
        /// Public illegal attempts, captures told as pawn or piece, and whether the next player has a pawn capture.
        Cincinnati = "cincinnati",
        /// Private illegal attempts, and how many pawn captures the next player has.
        Wild16 = "wild16",
        /// The squares of pawns that can capture are told, and promotions; a stalemated side loses.
        Rand = "rand",
        /// Any? with one required try after a positive answer.
        English = "english",
        /// Captured men change sides and are dropped: reserves are public, squares of drops are not.
        Crazykrieg = "crazykrieg",
    }
}

/// What a player can do in a ruleset, and what the referee tells. Data, for strategies and referees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct ActionSurface {
    /// Whether Any? may be asked, and what follows from a positive answer.
    pub ask_any: Option<AskAny>,
    /// What the referee answers to a move outside `allowed_moves`.
    pub outside: OutsideAnswer,
    /// Whether the opponent hears of an illegal attempt. The attempt itself is never told.
    pub illegal_is_public: bool,
    /// What is told of a capture, beside its square.
    pub capture: CaptureNews,
    /// Whether an en passant capture is named as such, on the landing square instead of the captured pawn's.
    pub en_passant_named: bool,
    /// Whether a promotion is told: the fact alone, neither piece nor square.
    pub promotion_told: bool,
    /// What the next player is told before the turn.
    pub before_turn: BeforeTheTurn,
    /// What stalemate means.
    pub stalemate: Stalemate,
    /// Whether captured men are kept in a reserve and dropped.
    pub drops: bool,
    /// Whether the numbers of captured pawns are public in the material summary.
    pub pawns_counted: bool,
}

/// What Any? brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct AskAny {
    /// What a positive answer obliges to.
    pub duty: DutyToCapture,
}

/// What a positive answer to Any? obliges to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DutyToCapture {
    /// Pawn captures alone may be tried until one succeeds.
    UntilOneSucceeds,
    /// One pawn capture must be tried. When it is illegal, every move is free again, and Any? is off for the turn.
    OneTry,
}

/// What the referee answers to a move outside `allowed_moves`, while no pawn capture is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OutsideAnswer {
    /// `IMPOSSIBLE_TO_ASK`, which nobody else sees.
    ImpossibleToAsk,
    /// `NONSENSE`, which nobody else sees.
    Nonsense,
    /// `ILLEGAL_MOVE`, like any other.
    IllegalMove,
}

/// What is told of a captured man, beside the square.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CaptureNews {
    /// Nothing.
    SquareOnly,
    /// Whether it was a pawn or a piece.
    PawnOrPiece,
    /// Its exact kind; a promoted man is told as a pawn.
    ExactKind,
}

/// What the next player is told before the turn. White's first turn is told nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BeforeTheTurn {
    /// Nothing.
    Nothing,
    /// Whether there is a legal pawn capture.
    HasPawnCapture,
    /// How many legal pawn captures there are.
    PawnTries,
    /// From which squares pawns can capture.
    PawnTrySquares,
}

/// What stalemate means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stalemate {
    /// A draw.
    Draw,
    /// The side without a move loses.
    Loses,
}

const BERKELEY: ActionSurface = ActionSurface {
    ask_any: None,
    outside: OutsideAnswer::ImpossibleToAsk,
    illegal_is_public: true,
    capture: CaptureNews::SquareOnly,
    en_passant_named: false,
    promotion_told: false,
    before_turn: BeforeTheTurn::Nothing,
    stalemate: Stalemate::Draw,
    drops: false,
    pawns_counted: false,
};

const BERKELEY_ANY: ActionSurface =
    ActionSurface { ask_any: Some(AskAny { duty: DutyToCapture::UntilOneSucceeds }), ..BERKELEY };

const CINCINNATI: ActionSurface = ActionSurface {
    outside: OutsideAnswer::Nonsense,
    capture: CaptureNews::PawnOrPiece,
    before_turn: BeforeTheTurn::HasPawnCapture,
    pawns_counted: true,
    ..BERKELEY
};

const WILD16: ActionSurface = ActionSurface {
    outside: OutsideAnswer::IllegalMove,
    illegal_is_public: false,
    before_turn: BeforeTheTurn::PawnTries,
    ..CINCINNATI
};

const RAND: ActionSurface = ActionSurface {
    promotion_told: true,
    before_turn: BeforeTheTurn::PawnTrySquares,
    stalemate: Stalemate::Loses,
    ..CINCINNATI
};

const ENGLISH: ActionSurface = ActionSurface {
    ask_any: Some(AskAny { duty: DutyToCapture::OneTry }),
    outside: OutsideAnswer::IllegalMove,
    en_passant_named: true,
    ..BERKELEY
};

const CRAZYKRIEG: ActionSurface = ActionSurface {
    ask_any: Some(AskAny { duty: DutyToCapture::OneTry }),
    outside: OutsideAnswer::Nonsense,
    capture: CaptureNews::ExactKind,
    drops: true,
    ..BERKELEY
};

impl Ruleset {
    /// The seven rulesets of the spec, in its order.
    pub const ALL: [Self; 7] = [
        Self::Berkeley,
        Self::BerkeleyAny,
        Self::Cincinnati,
        Self::Wild16,
        Self::Rand,
        Self::English,
        Self::Crazykrieg,
    ];

    /// What a player can do in it, and what the referee tells. `None` for a ruleset that this version does not know.
    pub const fn surface(&self) -> Option<&'static ActionSurface> {
        Some(match self {
            Self::Berkeley => &BERKELEY,
            Self::BerkeleyAny => &BERKELEY_ANY,
            Self::Cincinnati => &CINCINNATI,
            Self::Wild16 => &WILD16,
            Self::Rand => &RAND,
            Self::English => &ENGLISH,
            Self::Crazykrieg => &CRAZYKRIEG,
            Self::Other(_) => return None,
        })
    }
}
