"""Positions to start from that random games seldom reach."""

import chess
import chess.variant

# Pinned en passant tries, castling in and through check, promotions, double steps, double checks, mates and stalemates one
# move away.
CORNERS = [
    "rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1",
    "r3k2r/p1ppqpb1/bn2pnp1/3PN3/1p2P3/2N2Q1p/PPPBBPPP/R3K2R w KQkq - 0 1",
    "r3k2r/8/8/8/8/8/8/R3K2R w KQkq - 0 1",
    "r3k2r/8/8/8/8/8/8/R3K2R b Qk - 0 1",
    "4k3/8/8/8/4r3/8/8/R3K2R w KQ - 0 1",
    "r3k2r/8/8/8/4R3/8/8/4K3 b kq - 0 1",
    "4k3/8/8/8/5r2/8/8/R3K2R w KQ - 0 1",
    "1n2k3/8/8/8/8/8/8/RN2K2R w KQ - 0 1",
    "8/8/8/KPp4r/8/8/8/4k3 w - c6 0 2",
    "4k3/8/8/1KPpr3/8/8/8/8 w - d6 0 2",
    "4k3/8/b7/1Pp5/8/3K4/8/8 w - c6 0 2",
    "8/8/8/2k5/2pP4/8/B7/4K3 b - d3 0 3",
    "8/8/8/8/R2pP2k/8/8/4K3 b - e3 0 1",
    "4k3/8/8/2PpP3/8/8/8/4K3 w - d6 0 2",
    "7k/PPPP4/8/8/8/8/pppp4/7K w - - 0 1",
    "1r1rk3/P1P5/8/8/8/8/p1p5/1R1RK3 b - - 0 1",
    "nbrqrbnk/PPPPPP1P/8/8/8/8/8/4K3 w - - 0 1",
    "8/8/8/8/8/5k2/5p2/5K2 b - - 0 1",
    "7k/5Q2/8/8/8/8/8/K7 w - - 0 1",
    "k7/8/1K6/8/8/8/8/7R w - - 0 1",
    "6k1/5ppp/8/8/8/8/8/R3K3 w Q - 0 1",
    "4k3/8/8/4N3/8/8/8/K3R3 w - - 0 1",
    "8/8/8/3k4/8/8/8/3KN3 w - - 0 1",
    "8/8/8/3k4/8/2b5/8/3KB2n w - - 0 1",
    "8/8/3k4/8/8/3K4/2B5/5b2 w - - 0 1",
    "8/8/3k4/8/8/3K4/8/8 w - - 0 1",
    "4k3/8/8/8/8/8/8/4K2R w K - 1998 1200",
    "4k1n1/8/8/8/8/8/8/1N2K3 w - - 1999 1200",
    "rnbqkbnr/8/8/8/8/8/8/RNBQKBNR w KQkq - 1997 1200",
]


def with_pocket(random, fen):
    """The position with men in both pockets, and some of the men promoted."""
    board = chess.variant.CrazyhouseBoard(fen)
    how_many = random.choice(((0,), (0, 0, 0, 0, 0, 0, 0, 0, 1), (0, 0, 0, 1, 2, 5)))
    for color in chess.COLORS:
        for kind in (chess.PAWN, chess.KNIGHT, chess.BISHOP, chess.ROOK, chess.QUEEN):
            for _ in range(random.choice(how_many)):
                board.pockets[color].add(kind)
    for at, man in board.piece_map().items():
        if man.piece_type not in (chess.PAWN, chess.KING) and random.random() < 0.2:
            board.promoted |= chess.BB_SQUARES[at]
    return board.fen(en_passant="fen")


def scattered(random):
    """A few men anywhere, so that ends of all kinds come soon."""
    while True:
        board = chess.Board(None)
        squares = random.sample(range(64), 12)
        board.set_piece_at(squares.pop(), chess.Piece(chess.KING, chess.WHITE))
        board.set_piece_at(squares.pop(), chess.Piece(chess.KING, chess.BLACK))
        kinds = random.choice(([1, 1, 1, 2, 3, 4, 5], [2, 3], [3], [1], [1, 5], [4, 5]))
        for at in squares[: random.randrange(0, 11)]:
            board.set_piece_at(at, chess.Piece(random.choice(kinds), random.choice(chess.COLORS)))
        board.turn = random.choice(chess.COLORS)
        board.halfmove_clock = random.choice((0, 0, 0, 17, 99, 149, 1995, 1998, 1999, 2000, 2001))
        board.fullmove_number = random.choice((1, 40, 3000))
        if board.is_valid():
            return board.fen()


def start(random, ruleset):
    """Where a game begins: `None` is the usual start."""
    kind = random.random()
    if kind < 0.5:
        return None
    fen = random.choice(CORNERS) if kind < 0.75 else scattered(random)
    return with_pocket(random, fen) if ruleset == "crazykrieg" and random.random() < 0.7 else fen
