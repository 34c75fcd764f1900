using System.Diagnostics.CodeAnalysis;

namespace Treeline.Futures;

/// <summary>What is said about futures that break their contract, or are used against it.</summary>
internal static class FutureMisuse
{
    [DoesNotReturn]
    public static void ThrowPolledAgain(object? future) => throw new InvalidOperationException(
        $"The future '{future}' was polled after it had ended. A future is polled until it has given its result or has thrown; if "
        + "whoever polls cannot know, end it by Fuse().");

    [DoesNotReturn]
    public static void ThrowWakerNotKept(object? future) => throw new InvalidOperationException(
        $"The future '{future}' returned pending without having kept the waker, so nothing would ever poll it again. Store "
        + "context.Waker of each poll that returns pending where what the future waits for finds it; to wait for ever, ask for it all the same.");

    /// <summary>Two errors of one future: one of its poll, say, and one of its disposal.</summary>
    public static Exception? Both(Exception? first, Exception? second) =>
        first is null ? second : second is null ? first : new AggregateException(first, second);
}
