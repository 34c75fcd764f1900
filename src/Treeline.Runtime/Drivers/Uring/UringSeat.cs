namespace Treeline.Drivers.Uring;

/// <summary>Where a socket stands in its <see cref="UringDriver"/>. A field of the socket; the driver's gate owns it.</summary>
internal struct UringSeat
{
    /// <summary>Its place in the driver's table.</summary>
    public int Slot;

    /// <summary>Which user of that place it is.</summary>
    public uint Generation;

    /// <summary>The next of those that another thread has asked the owner to look at.</summary>
    public IUringSource? NextPosted;

    public bool IsPosted;
}
