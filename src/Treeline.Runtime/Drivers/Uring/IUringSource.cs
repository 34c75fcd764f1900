namespace Treeline.Drivers.Uring;

/// <summary>What has operations in flight in the ring of a <see cref="UringDriver"/>: a socket, or an attempt to connect one.</summary>
internal interface IUringSource
{
    /// <summary>Its place.</summary>
    internal ref UringSeat Seat { get; }

    /// <summary>Asks the kernel for what its state calls for. Owner of the driver.</summary>
    internal void Advance();

    /// <summary>An operation has given a result, and may give more. Owner of the driver.</summary>
    internal void OnCompletion(UringOperation operation, int result, uint flags);

    /// <summary>The driver ends: closes, and first sends what waits to be sent, if <paramref name="sendsRest"/>. Any thread.</summary>
    internal void End(bool sendsRest);
}
