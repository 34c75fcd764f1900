using Treeline.IO;

namespace Treeline.Testing;

/// <summary>One direction of a simulated connection: what is written to it arrives later, in order.</summary>
/// <remarks>
/// <para>While the way is closed (a partition, a host that is down) everything waits, as TCP would send it again and again; and what
/// waits for too long ends the connection for who sent it. How long is as on Linux.</para>
/// <para><b>Protocol.</b> All fields belong to the lock of the network, inside which no gate of a lane is taken. What arrives is
/// passed on outside; so two threads that deliver may pass on in any order, which <see cref="DuplexLane.Arrive"/> allows.</para>
/// </remarks>
internal sealed class SimLane : DuplexLane
{
    // tcp(7): tcp_syn_retries is 6, "which corresponds to retrying for up to approximately 127 seconds".
    private static readonly TimeSpan s_askingLimit = TimeSpan.FromSeconds(127);

    // tcp(7), tcp_retries2: 15 by default, "a total of 924.6 seconds".
    private static readonly TimeSpan s_sendingLimit = TimeSpan.FromSeconds(924.6);

    // Programs that take a write for a message, which TCP does not promise, are to find out.
    private const double ChanceOfPieces = 0.25;

    private readonly SimConnection _connection;
    private readonly SimHost _source;
    private readonly Queue<SimParcel> _underWay = [];
    private ITimer? _timer;
    private long _posted;
    private long _notBefore;
    private long _releasedTo;
    private bool _isHeld;
    private long _heldSince;

    /// <param name="connection">What it belongs to.</param>
    /// <param name="source">The host that writes.</param>
    /// <param name="capacity">How many bytes may be unread, those under way included.</param>
    /// <param name="from">What the end that writes is called.</param>
    /// <param name="to">What the end that reads is called.</param>
    public SimLane(SimConnection connection, SimHost source, int capacity, string from, string to)
        : base(capacity, from, to)
    {
        _connection = connection;
        _source = source;
    }

    /// <inheritdoc/>
    internal override bool IsDirect => false;

    private SimNet Net => _source.Net;

    private TimeProvider Clock => Net.Clock;

    /// <summary>Sends something on its way.</summary>
    /// <param name="news">What.</param>
    /// <param name="position">How many bytes had been written by then.</param>
    /// <param name="delay">How long it waits before that.</param>
    public void Post(SimNews news, long position = 0, TimeSpan delay = default)
    {
        lock (Net.Gate)
        {
            if (!_source.IsUp)
            {
                return;
            }

            long from = Clock.After(Clock.GetTimestamp(), delay);
            if (news == SimNews.Bytes)
            {
                if (Net.Happens(_connection.Link.Now.ConnectionLoss))
                {
                    news = SimNews.Cut;
                }
                else if (position > _posted + 1 && !_connection.Link.IsLoopback && Net.Happens(ChanceOfPieces))
                {
                    Add(SimNews.Bytes, Net.Draw(_posted + 1, position), from);
                }

                _posted = Math.Max(_posted, position);
            }

            Add(news, position, from);
        }

        Deliver();
    }

    /// <summary>Under the lock of the network: the way is open again.</summary>
    public void Release()
    {
        long now = Clock.GetTimestamp();
        _isHeld = false;
        _releasedTo = Clock.After(now, _connection.Link.DrawLatency());
        _notBefore = Math.Max(_notBefore, _releasedTo);
        Arm(now, _releasedTo);
    }

    /// <summary>Under the lock of the network: whatever is under way is lost, and nobody sends it again.</summary>
    public void Lose()
    {
        _underWay.Clear();
        if (_isHeld)
        {
            _isHeld = false;
            _connection.Link.Held.Remove(this);
        }

        _timer?.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <inheritdoc/>
    internal override void Carry(DuplexNews news, long position) => Post(
        news switch
        {
            DuplexNews.Bytes => SimNews.Bytes,
            DuplexNews.End => SimNews.End,
            _ => SimNews.Reset,
        },
        position);

    private void Add(SimNews news, long position, long from)
    {
        _notBefore = Math.Max(_notBefore, Clock.After(from, _connection.Link.DrawLatency()));
        _underWay.Enqueue(new SimParcel(news, position, _notBefore));
    }

    private void Deliver()
    {
        while (true)
        {
            SimParcel next;
            lock (Net.Gate)
            {
                if (_isHeld || !_underWay.TryPeek(out next))
                {
                    return;
                }

                long now = Clock.GetTimestamp();
                if (!_connection.Link.IsOpen)
                {
                    _isHeld = true;
                    _heldSince = now;
                    _connection.Link.Held.Add(this);
                    Arm(now, Clock.After(now, Limit));
                    return;
                }

                long due = Math.Max(next.Due, _releasedTo);
                if (due > now)
                {
                    Arm(now, due);
                    return;
                }

                _underWay.Dequeue();
            }

            Pass(next);
        }
    }

    private TimeSpan Limit => _connection.IsOpen ? s_sendingLimit : s_askingLimit;

    private void Pass(SimParcel parcel)
    {
        switch (parcel.News)
        {
            case SimNews.Bytes:
                Arrive(DuplexNews.Bytes, parcel.Position);
                break;
            case SimNews.End:
                Arrive(DuplexNews.End, parcel.Position);
                break;
            case SimNews.Reset:
                Arrive(DuplexNews.Reset, parcel.Position);
                break;
            default:
                _connection.Arrive(parcel.News);
                break;
        }
    }

    private void Arm(long now, long due)
    {
        _timer ??= Clock.CreateUnflowedTimer(static lane => ((SimLane)lane!).OnTimer(), this);
        _timer.Change(Clock.Until(now, due), Timeout.InfiniteTimeSpan);
    }

    private void OnTimer()
    {
        bool givesUp = false;
        lock (Net.Gate)
        {
            if (_isHeld)
            {
                long now = Clock.GetTimestamp();
                long limit = Clock.After(_heldSince, Limit);
                givesUp = now >= limit;
                if (givesUp)
                {
                    Lose();
                }
                else
                {
                    Arm(now, limit);
                }
            }
        }

        if (givesUp)
        {
            _connection.GiveUp(this);
        }
        else
        {
            Deliver();
        }
    }
}
