namespace Treeline;

/// <summary>
/// How many retries all those who share it may make together, so that a service that is down is not brought further down by
/// those who try again: a bucket that each retry takes one token from and each success puts a part of one into. Once it is
/// empty, errors surface without a retry. Give one to each <see cref="Retry"/> that calls the same service.
/// </summary>
/// <remarks>The idea is that of gRPC's retry throttling (gRFC A6). Everything belongs to the gate.</remarks>
public sealed class RetryBudget
{
    private readonly int _capacity;
    private readonly double _perSuccess;
    private double _tokens;
    private Gate _gate;

    /// <param name="capacity">How many tokens it holds at most, and at first.</param>
    /// <param name="perSuccess">What a success puts back: with 0.1, in the long run at most one retry for ten successes.</param>
    /// <exception cref="ArgumentOutOfRangeException">The capacity is less than one, or the part is not between 0 and 1.</exception>
    public RetryBudget(int capacity = 100, double perSuccess = 0.1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        ArgumentOutOfRangeException.ThrowIfNotEqual(perSuccess is >= 0 and <= 1, true, nameof(perSuccess));
        _tokens = _capacity = capacity;
        _perSuccess = perSuccess;
    }

    /// <summary>How many retries it would allow now.</summary>
    public int Left
    {
        get
        {
            using (_gate.Enter())
            {
                return (int)_tokens;
            }
        }
    }

    /// <summary>A retry is to be made. False: it must not.</summary>
    internal bool TryTake()
    {
        using (_gate.Enter())
        {
            if (_tokens < 1)
            {
                return false;
            }

            _tokens--;
            return true;
        }
    }

    /// <summary>An attempt has succeeded.</summary>
    internal void PutBack()
    {
        using (_gate.Enter())
        {
            _tokens = Math.Min(_capacity, _tokens + _perSuccess);
        }
    }
}
