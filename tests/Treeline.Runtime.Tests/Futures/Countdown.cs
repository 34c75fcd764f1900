using Treeline.Futures;

namespace Treeline.Tests.Futures;

/// <summary>A future by value: pending so many times, waking itself each time.</summary>
internal struct Countdown(int left) : IFuture<string>
{
    public Poll<string> Poll(ref Context context)
    {
        if (left-- > 0)
        {
            context.Waker.Wake();
            return default;
        }

        return "lift-off";
    }
}
