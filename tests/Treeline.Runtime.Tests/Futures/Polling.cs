using Treeline.Futures;

namespace Treeline.Tests.Futures;

/// <summary>Polls by hand.</summary>
internal static class Polling
{
    public static Poll<T> PollOnce<T>(this IFuture<T> future) => PollOnce<IFuture<T>, T>(ref future, Waker.Noop);

    public static Poll<T> PollOnce<T>(this IFuture<T> future, Waker waker) => PollOnce<IFuture<T>, T>(ref future, waker);

    public static Poll<T> PollOnce<TFuture, T>(ref TFuture future, Waker waker)
        where TFuture : IFuture<T>
    {
        var context = new Context(waker);
        return future.Poll(ref context);
    }
}
