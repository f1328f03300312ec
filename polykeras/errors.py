"""The exceptions that polykeras raises, each also the built-in one that a caller would expect."""

from __future__ import annotations


class PolykerasError(Exception):
    """Root of every error that polykeras raises on purpose."""


class OpError(PolykerasError):
    """An ill-formed call of an op.

    The rule that finds the mistake states the reason; whoever called the rule knows which op it was for and
    says so with `named`.
    """

    op: str | None = None

    def named(self, op: str) -> OpError:
        """The same error with the op's name in front of its message."""
        error = type(self)(f"{op}: {self}")
        error.op = op
        return error


class ShapeError(OpError, ValueError):
    """Shapes, axes or other sizes do not fit."""


class DTypeError(OpError, TypeError):
    """A dtype is unknown, or not one that the op is defined for."""


class OutOfRangeError(OpError, IndexError):
    """An index points outside of its axis."""

    @classmethod
    def of_index(cls, index: int, axis: int, size: int) -> OutOfRangeError:
        """The error for one index."""
        return cls(f"index {index} is out of range for axis {axis} with size {size}.")

    @classmethod
    def of_block(cls, start: int, length: int, axis: int, size: int) -> OutOfRangeError:
        """The error for a block that does not lie in the array as a whole."""
        return cls(f"a block of {length} from position {start} does not lie in axis {axis} with size {size}.")


class MatrixError(OpError, ValueError):
    """A matrix lacks a property that the op needs."""

    @classmethod
    def singular(cls) -> MatrixError:
        """The error for a matrix that has no inverse."""
        return cls("expected a regular matrix; got a singular one, which has no inverse. Use pinv or lstsq.")

    @classmethod
    def not_positive_definite(cls) -> MatrixError:
        """The error for a matrix without a Cholesky factor."""
        return cls(
            "expected a positive definite matrix; got one with an eigenvalue that is not positive. Add a small "
            "multiple of the identity, if it should be one."
        )


class MixedBackendsError(OpError, TypeError):
    """Arrays of two frameworks met in one call."""


class BackendError(PolykerasError, RuntimeError):
    """A backend is not there, or cannot be loaded."""


class UnknownBackendError(BackendError, ValueError):
    """No backend is registered under this name."""


class DeviceError(PolykerasError, ValueError):
    """No such device."""


class GradientError(PolykerasError, TypeError):
    """A gradient was asked for that does not exist."""


class StateError(PolykerasError, RuntimeError):
    """A variable is used where it cannot be, or a value outside of where it belongs."""


class ConfigError(PolykerasError, ValueError):
    """A setting has a value that it cannot have."""


class ArgumentError(PolykerasError, ValueError):
    """An argument of a layer, loss, optimizer or the like has a value that it cannot have."""


class SerializationError(PolykerasError, ValueError):
    """An object has no configuration, or a configuration has no object."""
