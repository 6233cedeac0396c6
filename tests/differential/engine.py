"""The platform's engine, in the language of the traces.

`Engine.run` takes a command and says how things stand after it, as `kriegspiel-referee` does:
`{"new": "rand"}`, `{"new": "rand", "fen": "..."}`, `{"ask": "e2e4"}`, `{"any": true}`.
"""

import chess
from kriegspiel.game import KriegspielGame
from kriegspiel.move import KriegspielMove, QuestionAnnouncement, SpecialCaseAnnouncement

ASK_ANY = KriegspielMove(QuestionAnnouncement.ASK_ANY)


def name(value):
    return None if value is None else value.name


def square(value):
    return None if value is None else chess.square_name(value)


class Engine:
    def __init__(self):
        self.game = None

    def run(self, command):
        if "new" in command:
            self.game = KriegspielGame(ruleset=command["new"])
            if "fen" in command:
                self.game._board = type(self.game._board)(command["fen"])
                self.game._generate_possible_to_ask_list()
            return self.standing(None)
        return self.standing(self.ask(command))

    def ask(self, command):
        """Asks, without saying how things stand: what a measurement times."""
        if "any" in command:
            return self.game.ask_for(ASK_ANY)
        move = chess.Move.from_uci(command["ask"])
        return self.game.ask_for(KriegspielMove(QuestionAnnouncement.COMMON, move))

    def allowed(self):
        questions = self.game.possible_to_ask
        return sorted(q.chess_move.uci() for q in questions if q.question_type is QuestionAnnouncement.COMMON)

    def legal(self):
        return [move.uci() for move in self.game._board.legal_moves]

    def standing(self, answer):
        game = self.game
        material, reserve = game.public_material_summary, game.public_reserve_summary
        men = lambda side: [side.pieces_remaining, side.pawns_captured]
        pocket = lambda side: [side.pawns, side.knights, side.bishops, side.rooks, side.queens]
        return {
            "answer": None if answer is None else spelled(answer),
            "turn": "white" if game.turn == chess.WHITE else "black",
            "over": game.game_over,
            "must_use_pawns": game.must_use_pawns,
            "allowed": self.allowed(),
            "can_ask_any": any(q.question_type is QuestionAnnouncement.ASK_ANY for q in game.possible_to_ask),
            "fen": game._board.fen(),
            "material": {"white": men(material.white), "black": men(material.black)},
            "reserve": {"white": pocket(reserve.white), "black": pocket(reserve.black)},
        }


def spelled(answer):
    special = answer.special_announcement
    squares = answer.next_turn_pawn_try_squares
    return {
        "main": answer.main_announcement.name,
        "move_done": answer.move_done,
        "special": None if special is SpecialCaseAnnouncement.NONE else special.name,
        "checks": [check.name for check in (answer.check_1, answer.check_2) if check],
        "capture_square": square(answer.capture_at_square),
        "captured": name(answer.captured_piece_announcement),
        "dropped": name(answer.dropped_piece_announcement),
        "en_passant": bool(answer.en_passant_announced),
        "promotion": bool(answer.promotion_announced),
        "pawn_tries": answer.next_turn_pawn_tries,
        "has_pawn_capture": answer.next_turn_has_pawn_capture,
        "pawn_try_squares": None if squares is None else [square(s) for s in squares],
    }
