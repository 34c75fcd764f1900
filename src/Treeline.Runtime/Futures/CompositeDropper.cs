namespace Treeline.Futures;

/// <inheritdoc cref="Dropper{TFuture}"/>
internal sealed class CompositeDropper<TFuture> : Dropper<TFuture>
    where TFuture : struct, IDisposable
{
    private protected override void Dispose(ref TFuture future) => future.Dispose();
}
