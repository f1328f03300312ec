"""The exceptions that polykeras raises, each also the built-in one that a caller would expect."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Iterable


class PolykerasError(Exception):
    """Root of every error that polykeras raises on purpose."""


class OpError(PolykerasError):
    """An ill-formed call of an op.

    The rule that finds the mistake states the reason; whoever called the rule knows which op it was for and
    says so with `named`.
    """

    op: str | None = None
    """The op that was called."""
    inner: str | None = None
    """The op in its body that was called wrongly, if it was not the op itself."""
    reason: str | None = None

    def named(self, op: str) -> OpError:
        """The same error with the op's name in front of its message; of an op in its body, with both names."""
        return self._told(op, self.inner if self.op in (None, op) else self.inner or self.op)

    def called(self, name: str) -> OpError:
        """The same error with another name for the op: the one under which it was called."""
        return self._told(name, self.inner)

    def _told(self, op: str, inner: str | None) -> OpError:
        reason = self.reason or str(self)
        error = type(self)(f"{op}: in {inner}, {reason}" if inner else f"{op}: {reason}")
        error.op, error.inner, error.reason = op, inner, reason
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

    @classmethod
    def not_converged(cls) -> MatrixError:
        """The error for a matrix whose singular values or eigenvalues were not found."""
        return cls("the iteration for this matrix did not converge. Scale it, or take it in float64.")


class CallError(OpError, TypeError, ValueError):
    """An argument is of a kind that the op cannot use, such as text in the place of a function."""


class OptionError(OpError, ValueError):
    """An argument that says what an op does, such as a mode or a bound, has a value that it cannot have."""


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

    @classmethod
    def lost(cls) -> GradientError:
        """The error for an array that leaves its framework while it is being differentiated."""
        return cls(
            "a value that is being differentiated was made a number, or handed to NumPy or to another framework, where "
            "its gradient would be lost. Use the function of polykeras.ops, or ops.stop_gradient if no gradient should "
            "flow."
        )


class StructureError(PolykerasError, ValueError):
    """Nested structures do not have the form that they should have."""


class StateError(PolykerasError, RuntimeError):
    """A variable is used where it cannot be, or a value outside of where it belongs."""


class ConfigError(PolykerasError, ValueError):
    """A setting has a value that it cannot have."""


class ArgumentError(PolykerasError, ValueError):
    """An argument of a layer, loss, optimizer or the like has a value that it cannot have."""

    @classmethod
    def unknown(cls, owner: type, names: Iterable[str]) -> ArgumentError:
        """The constructor of a class has no such arguments; some may be misspelled."""
        known = {name for base in owner.__mro__ for name in inspect.signature(base.__init__).parameters}

        def described(name: str) -> str:
            close = difflib.get_close_matches(name, known - {"self", "args", "kwargs"}, 1)
            return f"{name!r} (did you mean {close[0]!r}?)" if close else repr(name)

        return cls(f"{owner.__name__}: unknown arguments {', '.join(map(described, names))}.")


class SerializationError(PolykerasError, ValueError):
    """An object has no configuration, or a configuration has no object."""


class MissingPackageError(PolykerasError, ImportError):
    """Something needs a package that is not installed."""


class FileError(PolykerasError, OSError):
    """A file cannot be written or read."""


class DownloadError(FileError):
    """A file cannot be had from the network."""


class UnsafeFileError(FileError, ValueError):
    """A file is damaged, or holds what must not be loaded."""


class ChecksumError(UnsafeFileError):
    """A file is not the one that it should be."""
