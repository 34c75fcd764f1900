using System.Runtime.CompilerServices;
using Treeline;

namespace Backpressure;

/// <summary>What the samples have in common: messages, a producer's pace and a consumer's, and a count of each.</summary>
internal sealed class Scene
{
    public const int Capacity = 100;

    private const int MessageBytes = 16 * 1024;
    private const int MadeATick = 20;
    private const int HandledATick = 10;
    private static readonly TimeSpan s_tick = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan s_makes = TimeSpan.FromSeconds(2);

    private int _made;
    private int _handled;
    private int _lost;

    public int Made => _made;

    public int Handled => _handled;

    public int Lost => _lost;

    /// <summary>Messages at 2,000 a second, or as fast as they are taken, for two seconds.</summary>
    public async IAsyncEnumerable<byte[]> MessagesAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        int ticks = (int)(s_makes / s_tick);
        for (int tick = 0; tick < ticks; tick++)
        {
            for (int i = 0; i < MadeATick; i++)
            {
                Interlocked.Increment(ref _made);
                yield return new byte[MessageBytes];
            }

            await Clock.Delay(s_tick, cancellationToken);
        }
    }

    /// <summary>Handles a message, at most 1,000 a second.</summary>
    public async ValueTask HandleAsync(byte[] message, CancellationToken cancellationToken)
    {
        if (Interlocked.Increment(ref _handled) % HandledATick == 0)
        {
            await Clock.Delay(s_tick, cancellationToken);
        }

        GC.KeepAlive(message);
    }

    /// <summary>A message was dropped, or refused.</summary>
    public void Lose() => Interlocked.Increment(ref _lost);
}
