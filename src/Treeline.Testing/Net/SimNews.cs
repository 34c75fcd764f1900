namespace Treeline.Testing;

/// <summary>What travels over a <see cref="SimLane"/>.</summary>
internal enum SimNews
{
    /// <summary>Asks for a connection.</summary>
    Ask,

    /// <summary>Somebody listens there.</summary>
    Accept,

    /// <summary>Nobody listens there.</summary>
    Refuse,

    /// <summary>Who asked has heard that it is accepted: the connection can be taken from the listener.</summary>
    Open,

    /// <summary>Bytes, up to a position.</summary>
    Bytes,

    /// <summary>There will be no more bytes.</summary>
    End,

    /// <summary>The sender has reset the connection.</summary>
    Reset,

    /// <summary>The network breaks the connection, for both.</summary>
    Cut,
}
